// Your own rule for when the workers meet, checked against the contract of all rules and previewed. It can be
// used wherever Muster's own rules can: muster::LocalUpdates, muster::Synchronous. No LibTorch needed.
#include <algorithm>
#include <cstdio>

#include "muster/schedule/preview.h"
#include "muster/schedule/schedule_contract.h"
#include "muster/schedule/sync_schedule.h"

/// Periods 1, 2, 3, ... up to a largest one: meet often while the weights move fast, then more and more
/// rarely.
class GrowingPeriod : public muster::SyncSchedule {
 public:
  explicit GrowingPeriod(int64_t largest) : largest_(largest) {}
  muster::Round next_round(const muster::RoundStart& start) override {
    period_ = std::min(period_ + 1, largest_);
    return {std::min(period_, start.total_steps - start.step), muster::Average::parameters};
  }
  // A resumed run continues with the period that the interrupted one had.
  muster::Numbers state() const override {
    muster::Numbers numbers;
    numbers.set("period", period_);
    return numbers;
  }
  void restore(const muster::Numbers& numbers) override { period_ = numbers.integer("period"); }

 private:
  int64_t largest_;
  int64_t period_ = 0;
};

int main() {
  const auto broken = muster::contract::check_schedule([] { return std::make_unique<GrowingPeriod>(32); });
  for (const std::string& promise : broken) std::printf("broken promise: %s\n", promise.c_str());

  const int64_t total_steps = 10'000;
  GrowingPeriod rule(32);
  const muster::Preview preview =
      muster::preview(rule, muster::LearningRate({.peak = 0.1}, total_steps), total_steps);
  std::printf("%lld rounds in %lld steps: the workers meet in %.2f %% of them\n%s\n",
              static_cast<long long>(preview.rounds), static_cast<long long>(preview.steps),
              100 * preview.communication, muster::sentence(preview).c_str());
  return broken.empty() ? 0 : 1;
}
