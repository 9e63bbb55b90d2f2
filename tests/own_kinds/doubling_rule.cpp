#include "tests/own_kinds/doubling_rule.h"

#include "muster/schedule/option_rules.h"
#include "muster/schedule/round_length.h"
#include "muster/schedule/rule_fields.h"

namespace muster::test {

namespace {

struct DoublingOptions {
  int64_t base_period = 4;
  int64_t double_every = 3;
};

class Doubling : public SyncSchedule {
 public:
  explicit Doubling(const DoublingOptions& options) : options_(options) {
    check_base_period(options.base_period);
  }
  Round next_round(const RoundStart& start) override {
    return local_round(options_.base_period << (rounds_++ / options_.double_every), start);
  }

 private:
  DoublingOptions options_;
  int64_t rounds_ = 0;
};

}  // namespace

RuleKind doubling_rule() {
  using O = DoublingOptions;
  return rule<Doubling>("doubling", RuleReading<O>()
                                        .bind(base_period_field(), &O::base_period)
                                        .means("the first number")
                                        .bind(integer_field("double_every")
                                                  .says("rounds after which the period doubles.")
                                                  .in("rounds")
                                                  .at_least(1),
                                              &O::double_every))
      .says("H = base_period · 2^⌊round / double_every⌋")
      .from("nobody")
      .in("doubling_rule")
      .candidates([](const CandidateRequest& request) { return period_candidates("doubling", request); });
}

}  // namespace muster::test
