#include "muster/schedule/rate_kinds.h"

namespace muster::inline schedule {

namespace {

RateKind falling(const char* name, LearningRateShape shape, const char* formula) {
  RateKind kind(name, shape);
  kind.about = formula;
  kind.falls_to_the_end = true;
  return kind;
}

}  // namespace

Family<RateKind> built_in_rates() {
  RateKind constant("constant", LearningRateShape::constant);
  constant.about = "M";
  RateKind step("step", LearningRateShape::step);
  step.about = "M · decay^k, k = number of milestones passed";
  step.drops_at_milestones = true;
  return {{.section = "learning_rate",
           .key = "shape",
           .usual = "cosine",
           .meaning = "Course of the learning rate after warm-up."},
          {constant,
           falling("cosine", LearningRateShape::cosine, "f + (M − f) (1 + cos(π (t − W) / (T − W))) / 2"),
           falling("linear", LearningRateShape::linear, "f + (T − t) (M − f) / (T − W)"), step,
           falling("cosine_powers_of_two", LearningRateShape::cosine_powers_of_two,
                   "2^round(log₂ of the cosine's value)")}};
}

}  // namespace muster::inline schedule
