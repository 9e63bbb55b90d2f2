#include "muster/optim/outer_kinds.h"

#include "muster/optim/average.h"
#include "muster/optim/nesterov.h"
#include "muster/optim/outer_options.h"
#include "muster/optim/slowmo.h"

namespace muster::inline optim {

namespace {

Field meeting_rate_field() {
  return real_field("learning_rate")
      .says("learning rate at a meeting.")
      .above(0)
      .at_most(1e6)
      .absent("the optimizer's own");
}

Field meeting_momentum_field() {
  return real_field("momentum")
      .says("momentum from meeting to meeting.")
      .at_least(0)
      .below(1)
      .absent("the optimizer's own");
}

template <class Options>
Reading<Options> outer_reading() {
  const Options usual;
  return Reading<Options>()
      .bind(meeting_rate_field(), &Options::learning_rate)
      .usually(usual.learning_rate)
      .bind(meeting_momentum_field(), &Options::momentum)
      .usually(usual.momentum);
}

/// It has no options, no vector and no step.
OuterKind plain_average() {
  OuterKind kind;
  kind.name = "average";
  kind.fill = [](Values&) {};
  kind.check = [](const Values&) {};
  kind.make = [](const Values&, int64_t, ElementType) { return std::make_unique<PlainAverage>(); };
  return kind;
}

}  // namespace

Family<OuterKind> built_in_outer_optimizers() {
  return {
      {.section = "outer",
       .key = "optimizer",
       .usual = "average",
       .meaning = "The new model after a meeting: the workers' mean, or a step from the old one in which the "
                  "way to the mean is the gradient, with SlowMo's or Nesterov's momentum (DiLoCo)."},
      {plain_average()
           .says("the anchor becomes the mean")
           .from("local SGD: Stich, ICLR 2019")
           .in("average")
           .takes_the_mean(),
       outer_optimizer<SlowMo>("slowmo", outer_reading<SlowMoOptions>())
           .says("u = momentum · u + outer gradient / γ; anchor −= learning_rate · γ · u, with γ = "
                 "learning rate of the last step (γ = 0: plain average)")
           .from("Wang, Tantia, Ballas, Rabbat, \"SlowMo\", ICLR 2020")
           .in("slowmo"),
       outer_optimizer<Nesterov>("nesterov", outer_reading<NesterovOptions>())
           .says("m = momentum · m + outer gradient; anchor −= learning_rate · (outer gradient + "
                 "momentum · m)")
           .from("DiLoCo: Douillard et al., 2023, arXiv 2311.08105")
           .in("nesterov")}};
}

}  // namespace muster::inline optim
