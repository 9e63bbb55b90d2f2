#include "muster/theory/slow_sde/replica_simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/random.h"
#include "muster/base/thread_pool.h"
#include "muster/theory/noise_lanes.h"

namespace muster::inline theory {

namespace {

using kernel::lanes;

constexpr int64_t chunk = 1024;  // steps between two looks at the learning rate

/// Rounds whose end is recorded: about evenly spaced in steps.
std::vector<bool> recorded_rounds(const SlowSdePlan& plan, int64_t records) {
  std::vector<bool> recorded(plan.rounds.size(), false);
  const double every = static_cast<double>(plan.steps()) / static_cast<double>(records);
  double next = every;
  for (size_t i = 0; i < plan.rounds.size(); ++i) {
    const auto end = static_cast<double>(plan.rounds[i].start + plan.rounds[i].period);
    if (end < next && i + 1 < plan.rounds.size()) continue;
    recorded[i] = true;
    next = (std::floor(end / every) + 1) * every;
  }
  return recorded;
}

Estimate estimate(const double* values, int64_t count) {
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < count; ++i) sum += values[i];
  const auto n = static_cast<double>(count);
  const double mean = sum / n;
  for (int64_t i = 0; i < count; ++i) squares += (values[i] - mean) * (values[i] - mean);
  return {mean, count > 1 ? std::sqrt(squares / (n - 1) / n) : 0};
}

/// All replicas: values[(record * quantities + quantity) * replicas + replica].
class Simulation {
 public:
  Simulation(const SlowSdePlan& plan, const ReplicaOptions& options, int quantities, const MakeBlock& make)
      : plan_(plan), options_(options), quantities_(quantities), make_(make) {
    recorded_ = recorded_rounds(plan, options.records);
    steps_.push_back(0);
    for (size_t i = 0; i < recorded_.size(); ++i)
      if (recorded_[i]) steps_.push_back(plan.rounds[i].start + plan.rounds[i].period);
    blocks_ = (options.replicas + lanes - 1) / lanes;
    padded_ = blocks_ * lanes;
    values_.resize(steps_.size() * static_cast<size_t>(quantities * padded_));
    averages_.resize(static_cast<size_t>(quantities * padded_));
    const double from = options.average_from * static_cast<double>(plan.steps());
    average_from_ = static_cast<int64_t>(from);
  }

  ReplicaOutcome run() {
    ThreadPool pool(static_cast<int>(std::min<int64_t>(options_.threads, blocks_)));
    pool.run(blocks_, [this](int64_t block) { run_block(block); });
    return outcome();
  }

 private:
  void run_block(int64_t number) {
    RandomStream stream({options_.seed, Purpose::slow_sde, static_cast<uint64_t>(number), 0});
    const auto block = make_(number, stream.next_u64());
    std::vector<double> rates(static_cast<size_t>(std::min(chunk, plan_.steps())), plan_.rate());
    std::vector<double> measured(static_cast<size_t>(quantities_ * lanes));
    const bool constant = plan_.constant();
    size_t record = 0;
    int64_t told = 0;
    keep(*block, number, record++, measured);
    for (size_t i = 0; i < plan_.rounds.size(); ++i) {
      const PlannedRound& round = plan_.rounds[i];
      const int64_t end = round.start + round.period;
      for (int64_t step = round.start; step < end; step += chunk) {
        const int64_t count = std::min(chunk, end - step);
        for (int64_t j = 0; !constant && j < count; ++j)
          rates[static_cast<size_t>(j)] = plan_.learning_rate.at(step + j);
        block->local_steps(step, rates.data(), count);
      }
      block->meet();
      if (end > average_from_) add_to_average(*block, number, measured);
      if (recorded_[i]) keep(*block, number, record++, measured);
      if (options_.progress && end - told > plan_.steps() / 50) tell(end - std::exchange(told, end));
    }
    if (options_.progress) tell(plan_.steps() - told);
  }

  void keep(const ReplicaBlock& block, int64_t number, size_t record, std::vector<double>& measured) {
    block.measure(measured.data());
    for (int q = 0; q < quantities_; ++q) {
      const auto from = measured.begin() + q * lanes;
      const size_t at = record * static_cast<size_t>(quantities_ * padded_) +
                        static_cast<size_t>(q * padded_ + number * lanes);
      std::copy(from, from + lanes, values_.begin() + static_cast<std::ptrdiff_t>(at));
    }
    if (!std::all_of(measured.begin(), measured.end(), [](double value) { return std::isfinite(value); }))
      throw NonFiniteError(
          fmt::format("a replica of the simulation diverged before step {}: lower --learning-rate or --noise",
                      steps_[record]));
  }

  void add_to_average(const ReplicaBlock& block, int64_t number, std::vector<double>& measured) {
    block.measure(measured.data());
    for (int q = 0; q < quantities_; ++q)
      for (int lane = 0; lane < lanes; ++lane)
        averages_[static_cast<size_t>(q * padded_ + number * lanes + lane)] +=
            measured[static_cast<size_t>(q * lanes + lane)];
  }

  void tell(int64_t steps) {
    const std::lock_guard hold(progress_mutex_);
    done_ += static_cast<double>(steps);
    options_.progress(done_ / (static_cast<double>(plan_.steps()) * static_cast<double>(blocks_)));
  }

  std::vector<Estimate> estimates(const std::vector<double>& values, size_t record) const {
    std::vector<Estimate> result;
    const double* from = values.data() + record * static_cast<size_t>(quantities_ * padded_);
    for (int q = 0; q < quantities_; ++q) result.push_back(estimate(from + q * padded_, options_.replicas));
    return result;
  }

  ReplicaOutcome outcome() {
    ReplicaOutcome result;
    for (size_t i = 0; i < steps_.size(); ++i) result.records.push_back({steps_[i], estimates(values_, i)});
    for (const PlannedRound& round : plan_.rounds)
      result.averaged_meetings += round.start + round.period > average_from_ ? 1 : 0;
    if (result.averaged_meetings == 0) return result;
    for (double& value : averages_) value /= static_cast<double>(result.averaged_meetings);
    result.averages = estimates(averages_, 0);
    return result;
  }

  const SlowSdePlan& plan_;
  const ReplicaOptions& options_;
  int64_t quantities_;
  const MakeBlock& make_;
  std::vector<bool> recorded_;
  std::vector<int64_t> steps_;
  int64_t blocks_ = 0, padded_ = 0, average_from_ = 0;
  std::vector<double> values_, averages_;
  std::mutex progress_mutex_;
  double done_ = 0;
};

}  // namespace

void ReplicaOptions::validate() const {
  if (replicas < 1 || replicas > 10'000'000)
    throw OptionError("--replicas", std::to_string(replicas), "must be from 1 to 10000000");
  if (threads < 1) throw OptionError("--threads", std::to_string(threads), "must be at least 1");
  invariant(records >= 1 && average_from >= 0 && average_from <= 1, "records and average_from in range");
}

ReplicaOutcome simulate_replicas(const SlowSdePlan& plan, const ReplicaOptions& options, int quantities,
                                 const MakeBlock& make_block) {
  options.validate();
  invariant(!plan.rounds.empty(), "a plan needs rounds");
  return Simulation(plan, options, quantities, make_block).run();
}

}  // namespace muster::inline theory
