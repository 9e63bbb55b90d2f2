#include "muster/app/engine/build_optimizers.h"

#include <variant>

#include "muster/base/error.h"
#include "muster/optim/adamw.h"
#include "muster/optim/average.h"
#include "muster/optim/nesterov.h"
#include "muster/optim/sgd.h"
#include "muster/optim/slowmo.h"

namespace muster {

namespace {

using InnerOptions = std::variant<SgdOptions, AdamWOptions>;

InnerOptions inner_options(const InnerSection& inner) {
  if (inner.optimizer == "adamw")
    return AdamWOptions{.beta1 = inner.beta1,
                        .beta2 = inner.beta2,
                        .epsilon = inner.epsilon,
                        .weight_decay = inner.weight_decay,
                        .decay_norm_and_bias = inner.decay_norm_and_bias};
  invariant(inner.optimizer == "sgd", "the table of keys allows an inner optimizer that nobody knows");
  return SgdOptions{.momentum = inner.momentum,
                    .dampening = inner.dampening,
                    .weight_decay = inner.weight_decay,
                    .nesterov = inner.nesterov,
                    .decay_norm_and_bias = inner.decay_norm_and_bias};
}

struct MakeInner {
  const Layout& layout;
  ElementType type;
  std::unique_ptr<InnerOptimizer> operator()(const SgdOptions& options) const {
    return std::make_unique<Sgd>(options, layout, type);
  }
  std::unique_ptr<InnerOptimizer> operator()(const AdamWOptions& options) const {
    return std::make_unique<AdamW>(options, layout, type);
  }
};

}  // namespace

InnerOptimizerFactory build_inner(const InnerSection& inner) {
  const InnerOptions options = inner_options(inner);
  std::visit([](const auto& chosen) { chosen.validate(); }, options);
  return [options](const Layout& layout, ElementType type) {
    return std::visit(MakeInner{layout, type}, options);
  };
}

MomentsAtMeeting build_at_meeting(const InnerSection& inner) {
  if (inner.at_meeting == "average") return MomentsAtMeeting::average;
  if (inner.at_meeting == "reset") return MomentsAtMeeting::reset;
  invariant(inner.at_meeting == "keep", "the table of keys allows a treatment of moments that nobody knows");
  return MomentsAtMeeting::keep;
}

std::unique_ptr<OuterOptimizer> build_outer(const OuterSection& outer, int64_t size, ElementType type) {
  if (outer.optimizer == "slowmo") {
    SlowMoOptions options;
    if (outer.learning_rate) options.learning_rate = *outer.learning_rate;
    if (outer.momentum) options.momentum = *outer.momentum;
    return std::make_unique<SlowMo>(options, size, type);
  }
  if (outer.optimizer == "nesterov") {
    NesterovOptions options;
    if (outer.learning_rate) options.learning_rate = *outer.learning_rate;
    if (outer.momentum) options.momentum = *outer.momentum;
    return std::make_unique<Nesterov>(options, size, type);
  }
  invariant(outer.optimizer == "average", "the table of keys allows an outer optimizer that nobody knows");
  return std::make_unique<PlainAverage>();
}

}  // namespace muster
