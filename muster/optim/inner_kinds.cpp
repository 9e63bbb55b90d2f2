#include "muster/optim/inner_kinds.h"

#include "muster/optim/adamw.h"
#include "muster/optim/inner_options.h"
#include "muster/optim/sgd.h"

namespace muster::inline optim {

namespace {

constexpr double usual_weight_decay = 5e-4;

Field weight_decay_field() {
  return real_field("weight_decay").otherwise(usual_weight_decay).at_least(0).at_most(1e6);
}

Field decay_norm_and_bias_field() {
  return boolean_field("decay_norm_and_bias").says("whether weight decay also acts on norms and biases.");
}

Reading<SgdOptions> sgd_reading() {
  using O = SgdOptions;
  return Reading<O>()
      .bind(real_field("momentum").says("momentum.").at_least(0).below(1), &O::momentum)
      .bind(boolean_field("nesterov").says("Nesterov's form of momentum."), &O::nesterov)
      .bind(real_field("dampening").says("dampening of the momentum.").at_least(0).at_most(1), &O::dampening)
      .bind(weight_decay_field(), &O::weight_decay)
      .means("added to the gradient (L2)")
      .bind(decay_norm_and_bias_field(), &O::decay_norm_and_bias);
}

Reading<AdamWOptions> adamw_reading() {
  using O = AdamWOptions;
  return Reading<O>()
      .bind(real_field("beta1").says("decay of the first moments.").at_least(0).below(1), &O::beta1)
      .bind(real_field("beta2").says("decay of the second moments.").at_least(0).below(1), &O::beta2)
      .bind(real_field("epsilon").says("added to the root of the second moments.").above(0), &O::epsilon)
      .bind(weight_decay_field(), &O::weight_decay)
      .means("decoupled, times the learning rate")
      .bind(decay_norm_and_bias_field(), &O::decay_norm_and_bias);
}

}  // namespace

Family<InnerKind> built_in_inner_optimizers() {
  return {{.section = "inner", .key = "optimizer", .usual = "sgd", .meaning = "The workers' optimizer."},
          {inner_optimizer<Sgd>("sgd", sgd_reading())
               .says("momentum, Nesterov, dampening and weight decay as in torch")
               .from("Sutskever, Martens, Dahl, Hinton, ICML 2013, in torch's form")
               .in("sgd, sgd_kernel")
               .holds(1)
               .is_linear(),
           inner_optimizer<AdamW>("adamw", adamw_reading())
               .says("decoupled weight decay")
               .from("Loshchilov, Hutter, ICLR 2019")
               .in("adamw, adamw_kernel")
               .holds(2)}};
}

}  // namespace muster::inline optim
