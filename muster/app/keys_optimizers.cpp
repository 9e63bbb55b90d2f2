#include "muster/app/keys.h"

namespace muster {

namespace {

template <class T>
Key inner(const char* name, T InnerSection::*member) {
  return make_key(std::string("inner.") + name, &Configuration::inner, member);
}

template <class T>
Key outer(const char* name, T OuterSection::*member) {
  return make_key(std::string("outer.") + name, &Configuration::outer, member);
}

}  // namespace

std::vector<Key> inner_keys() {
  return {
      inner("optimizer", &InnerSection::optimizer).says("The workers' optimizer.").one_of({"sgd", "adamw"}),
      inner("momentum", &InnerSection::momentum).says("sgd: momentum.").at_least(0).below(1),
      inner("nesterov", &InnerSection::nesterov).says("sgd: Nesterov's form of momentum."),
      inner("dampening", &InnerSection::dampening)
          .says("sgd: dampening of the momentum.")
          .at_least(0)
          .at_most(1),
      inner("beta1", &InnerSection::beta1).says("adamw: decay of the first moments.").at_least(0).below(1),
      inner("beta2", &InnerSection::beta2).says("adamw: decay of the second moments.").at_least(0).below(1),
      inner("epsilon", &InnerSection::epsilon)
          .says("adamw: added to the root of the second moments.")
          .above(0),
      inner("weight_decay", &InnerSection::weight_decay)
          .says("sgd: added to the gradient (L2); adamw: decoupled, times the learning rate.")
          .at_least(0)
          .at_most(1e6),
      inner("decay_norm_and_bias", &InnerSection::decay_norm_and_bias)
          .says("Whether weight decay also acts on norms and biases."),
      inner("clip", &InnerSection::clip)
          .says("Largest norm of a gradient; a larger one is scaled down. every_step clips the mean "
                "gradient, the "
                "other rules each worker's own.")
          .absent("no clipping")
          .above(0),
      inner("at_meeting", &InnerSection::at_meeting)
          .says("Momentum and moments at a meeting: each worker keeps its own, they are averaged, or they "
                "are reset.")
          .one_of({"keep", "average", "reset"}),
  };
}

std::vector<Key> outer_keys() {
  return {
      outer("optimizer", &OuterSection::optimizer)
          .says("The new model after a meeting: the workers' mean, or a step from the old one in which the "
                "way to the mean is the gradient, with SlowMo's or Nesterov's momentum (DiLoCo).")
          .one_of({"average", "slowmo", "nesterov"}),
      outer("learning_rate", &OuterSection::learning_rate)
          .says("slowmo, nesterov: learning rate at a meeting.")
          .absent("slowmo 1, nesterov 0.7")
          .above(0)
          .at_most(1e6),
      outer("momentum", &OuterSection::momentum)
          .says("slowmo, nesterov: momentum from meeting to meeting.")
          .absent("slowmo 0.5, nesterov 0.9")
          .at_least(0)
          .below(1),
  };
}

}  // namespace muster
