#include "muster/app/keys.h"

namespace muster {

namespace {

template <class T>
Key schedule(const char* name, T ScheduleSection::*member) {
  return make_key(std::string("schedule.") + name, &Configuration::schedule, member);
}

std::vector<Key> general_keys() {
  return {
      schedule("rule", &ScheduleSection::rule)
          .says("When the workers meet. docs/methods.md describes each rule and names its paper.")
          .one_of({"every_step", "constant", "post_local", "qsr", "power", "adaptive", "loss", "piecewise",
                   "swap", "theory"}),
      schedule("base_period", &ScheduleSection::base_period)
          .says("Steps between two meetings: the period itself, the least one (qsr, power) or the first one "
                "(adaptive, loss).")
          .in("steps")
          .at_least(1),
      schedule("in_warmup", &ScheduleSection::in_warmup)
          .says(
              "Rounds that start in warm-up: base_period steps; as many as the first round after it (qsr, "
              "power: the QSR paper's rule; else base_period steps too); or what the rule makes of the small "
              "learning rate there (qsr and power: one endless round; for study only).")
          .one_of({"base_period", "first_after", "rule"}),
      schedule("max_period", &ScheduleSection::max_period)
          .says("Longest period of adaptive and loss.")
          .in("steps")
          .absent("no limit")
          .at_least(1),
  };
}

std::vector<Key> rule_keys() {
  return {
      schedule("growth", &ScheduleSection::growth)
          .says("qsr, power: the period is (growth / learning rate)^exponent; qsr's exponent is 2.")
          .in("a learning rate")
          .absent("learning_rate.peak")
          .at_least(0),
      schedule("exponent", &ScheduleSection::exponent)
          .says("power: the exponent above.")
          .above(0)
          .at_most(100),
      schedule("switch_step", &ScheduleSection::switch_step)
          .says("post_local: meetings in every step before it; swap: no meeting after it until the end; "
                "adaptive: "
                "rounds of one step before it.")
          .in("steps")
          .absent("none; post_local and swap need it")
          .at_least(1),
      schedule("sampling_fraction", &ScheduleSection::sampling_fraction)
          .says("adaptive: part of the run, from its start, in which the divergence is only measured.")
          .above(0)
          .below(1),
      schedule("band", &ScheduleSection::band)
          .says(
              "adaptive: the period stays while the divergence is within these multiples of the sampled one.")
          .above(0),
      schedule("interval", &ScheduleSection::interval)
          .says("loss: how long a period holds before the loss decides again, AdaComm's T0.")
          .in("steps")
          .absent("a thirtieth of the run after warm-up")
          .at_least(1),
      schedule("interval_seconds", &ScheduleSection::interval_seconds)
          .says(
              "loss: the same in seconds of training, as in the paper (60); runs are then not repeatable to "
              "the bit.")
          .in("seconds")
          .absent("schedule.interval counts")
          .above(0),
      schedule("fallback", &ScheduleSection::fallback)
          .says("loss: factor of the period where the loss does not ask for a shorter one, AdaComm's gamma. "
                "0: no fallback, the period may grow.")
          .at_least(0)
          .below(1),
      schedule("theory", &ScheduleSection::theory)
          .says("theory: the convergence theorem that sets the period.")
          .one_of({"stich", "haddadpour", "khaled", "woodworth", "koloskova", "growing"}),
      schedule("condition_number", &ScheduleSection::condition_number)
          .says("theory: condition number of the problem; all but stich and haddadpour use it.")
          .at_least(1),
      schedule("pieces", &ScheduleSection::pieces)
          .says("piecewise: periods by the step they hold from, as step:period,... (the first at step 0), or "
                "the path "
                "of a CSV file with columns step,period.")
          .absent("none; piecewise needs it"),
  };
}

}  // namespace

std::vector<Key> schedule_keys() {
  std::vector<Key> keys = general_keys(), rules = rule_keys();
  for (Key& key : rules) keys.push_back(std::move(key));
  return keys;
}

}  // namespace muster
