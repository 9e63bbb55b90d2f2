#include "muster/optim/async_outer_kinds.h"

#include <fmt/format.h>

#include "muster/base/error.h"
#include "muster/optim/async_outer_options.h"
#include "muster/optim/buffered.h"
#include "muster/optim/delayed_nesterov.h"
#include "muster/optim/ema_nesterov.h"
#include "muster/optim/heavy_ball.h"
#include "muster/optim/nesterov.h"
#include "muster/optim/outer_adam.h"

namespace muster::inline optim {

namespace {

constexpr double usual_rate = 0.7;

Field server_learning_rate_field() {
  return real_field("learning_rate").says("learning rate of the server's step.").above(0).absent("0.7");
}
Field server_momentum_field() {
  return real_field("momentum")
      .says("momentum of the server's step.")
      .at_least(0)
      .below(1)
      .otherwise(OuterMomentumOptions().momentum);
}
Field server_delay_field() {
  return integer_field("delay")
      .says("how many contributions go into one step of buffer, or of delayed_nesterov's momentum.")
      .in("contributions")
      .absent("as many as there are workers")
      .at_least(1)
      .at_most(1e6);
}
Field server_look_ahead_field() {
  return boolean_field("look_ahead")
      .says(
          "workers start at the point to which the server's momentum is about to move, not at its "
          "parameters.")
      .otherwise(false);
}
Field beta2_field() {
  return real_field("beta2")
      .says("decay of Adam's second moments.")
      .at_least(0)
      .below(1)
      .otherwise(OuterAdamOptions().beta2);
}
Field epsilon_field() {
  return real_field("epsilon")
      .says("added to the root of Adam's second moments.")
      .above(0)
      .otherwise(OuterAdamOptions().epsilon);
}
Field buffer_step_field(std::vector<std::string> steps) {
  NewField field = text_field("buffer_step").says("the rule of its step.").otherwise(steps.front());
  return std::move(field).one_of(std::move(steps));
}

std::function<Value(const AsyncFacts&)> always_rate(double value) {
  return [=](const AsyncFacts&) { return Value(value); };
}
Value as_many_as_workers(const AsyncFacts& facts) { return facts.workers; }

/// Rate and momentum.
template <class Options>
AsyncReading<Options> with_momentum() {
  return AsyncReading<Options>()
      .bind(server_learning_rate_field(), &Options::learning_rate)
      .otherwise(always_rate(usual_rate))
      .bind(server_momentum_field(), &Options::momentum);
}

template <class Options>
AsyncReading<Options> with_look_ahead() {
  return with_momentum<Options>().mention(server_look_ahead_field());
}

AsyncOuterKind sgd() {
  using O = OuterMomentumOptions;
  return async_outer_optimizer<HeavyBall>(
             "sgd", AsyncReading<O>()
                        .take([](O& options, const AsyncFacts&) { options.momentum = 0; })
                        .bind(server_learning_rate_field(), &O::learning_rate)
                        .otherwise(always_rate(usual_rate))
                        .mention(server_momentum_field())
                        .means("none"))
      .says("θ −= ε g")
      .in("heavy_ball")
      .steps_per_contribution();
}

AsyncOuterKind momentum() {
  return async_outer_optimizer<HeavyBall>("momentum", with_look_ahead<OuterMomentumOptions>())
      .says("m = β m + g; θ −= ε m")
      .from("heavy ball, Polyak 1964")
      .in("heavy_ball")
      .steps_per_contribution();
}

AsyncOuterKind nesterov() {
  return async_outer_optimizer<Nesterov>("nesterov", with_look_ahead<NesterovOptions>())
      .says("m = β m + g; θ −= ε (g + β m)")
      .from("Liu et al. 2024, the baseline")
      .in("nesterov")
      .steps_per_contribution();
}

AsyncOuterKind ema() {
  return async_outer_optimizer<EmaNesterov>("ema", with_look_ahead<OuterMomentumOptions>())
      .says("m = β m + (1 − β) g; θ −= ε (g + β m)")
      .from("Momentum Look-Ahead, MCDC workshop at ICLR 2025")
      .in("ema_nesterov")
      .steps_per_contribution();
}

AsyncOuterKind adam() {
  using O = OuterAdamOptions;
  return async_outer_optimizer<OuterAdam>("adam", AsyncReading<O>()
                                                      .bind(server_learning_rate_field(), &O::learning_rate)
                                                      .usually(O().learning_rate)
                                                      .bind(server_momentum_field(), &O::beta1)
                                                      .means("beta1")
                                                      .bind(beta2_field(), &O::beta2)
                                                      .bind(epsilon_field(), &O::epsilon))
      .says("Adam on g, with bias correction")
      .from("Reddi et al. 2021")
      .in("outer_adam");
}

/// A step with the mean of so many contributions.
struct BufferOptions {
  int64_t delay = 4;
  std::string step;  ///< the kind of that step
};

AsyncReading<BufferOptions> buffer_reading(std::vector<std::string> steps) {
  using O = BufferOptions;
  return AsyncReading<O>()
      .mention(server_learning_rate_field())
      .mention(server_momentum_field())
      .bind(server_delay_field(), &O::delay)
      .otherwise(as_many_as_workers)
      .bind(buffer_step_field(std::move(steps)), &O::step)
      .mention(beta2_field())
      .mention(epsilon_field());
}

/// The chosen step decides which of its fields are used, and the usual learning rate. `kinds`: the usual one
/// first.
AsyncOuterKind buffer_of(std::vector<AsyncOuterKind> kinds) {
  const Family<AsyncOuterKind> steps({.section = "async", .key = "buffer_step", .usual = kinds.front().name},
                                     kinds);
  const AsyncReading<BufferOptions> reading = buffer_reading(steps.words());
  const auto step_of = [steps](const Values& values) -> AsyncOuterKind {
    return steps.at(values.given<std::string>("buffer_step").value_or(""));
  };
  AsyncOuterKind kind;
  kind.name = "buffer";
  kind.uses = reading.uses();
  kind.check = [steps, step_of](const Values& values) { steps.check_used(step_of(values), values); };
  kind.fill = [reading, step_of](Values& values, const AsyncFacts& facts) {
    step_of(values).fill(values, facts);
    reading.fill(values, facts);
  };
  kind.make = [reading, step_of](const Values& values, int64_t size, ElementType type) {
    return std::make_unique<Buffered>(step_of(values).make(values, size, type), reading(values, {}).delay,
                                      size, type);
  };
  return std::move(kind)
      .says("sum N contributions, then one step of `async.buffer_step` with their mean")
      .from("FedBuff: Nguyen et al. 2022")
      .in("buffered");
}

AsyncReading<DelayedNesterovOptions> delayed_nesterov_reading() {
  using O = DelayedNesterovOptions;
  return with_momentum<O>()
      .bind(server_delay_field(), &O::delay)
      .otherwise(as_many_as_workers)
      .bind(real_field("momentum_spread")
                .says("share of the momentum that each step takes between two steps of the momentum; at most "
                      "1/async.delay, which spreads it evenly.")
                .at_least(0)
                .at_most(1),
            &O::spread);
}

void check_spread(const Values& values) {
  const DelayedNesterovOptions options = delayed_nesterov_reading()(values, {});
  const auto delay = static_cast<double>(options.delay);
  if (options.spread * delay > 1 + 1e-12)
    throw OptionError("async.momentum_spread", format_plain(options.spread),
                      fmt::format("must be at most 1/async.delay = {:.6g}", 1 / delay));
}

AsyncOuterKind delayed_nesterov() {
  AsyncOuterKind kind =
      async_outer_optimizer<DelayedNesterov>("delayed_nesterov", delayed_nesterov_reading())
          .says(
              "every contribution: θ −= ε (c β m + g / N); every N-th: m = β m + (mean of the last N), and "
              "θ −= ε ((1 − c N + c) β m + g / N)")
          .from("Liu et al. 2024, Algorithm 3")
          .in("delayed_nesterov");
  kind.check_filled = check_spread;
  return kind;
}

}  // namespace

Family<AsyncOuterKind> built_in_async_outer_optimizers() {
  return {{.section = "async",
           .key = "outer",
           .usual = "delayed_nesterov",
           .meaning =
               "What the server does with a contribution: a step of SGD, of momentum, of Nesterov, of EMA "
               "momentum with look-ahead (MLA) or of Adam for each; buffer: one step with the mean of "
               "async.delay of them (FedBuff); delayed_nesterov: a plain step for each, and the momentum's "
               "with every async.delay-th."},
          {nesterov(), sgd(), momentum(), buffer_of({nesterov(), sgd(), momentum(), adam()}),
           delayed_nesterov(), ema(), adam()}};
}

}  // namespace muster::inline optim
