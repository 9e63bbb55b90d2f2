#include "muster/optim/outer_adam.h"

namespace muster::inline optim {

namespace {

AdamWOptions adam_options(const OuterAdamOptions& options) {
  options.validate();
  return {.beta1 = options.beta1, .beta2 = options.beta2, .epsilon = options.epsilon, .weight_decay = 0};
}

Layout one_piece(int64_t size) {
  Layout layout;
  layout.add("anchor", {size});
  return layout;
}

}  // namespace

OuterAdam::OuterAdam(const OuterAdamOptions& options, int64_t size, ElementType type)
    : learning_rate_(options.learning_rate), adam_(adam_options(options), one_piece(size), type) {}

}  // namespace muster::inline optim
