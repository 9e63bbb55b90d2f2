#include "muster/app/keys/make_schedule.h"

#include "muster/app/keys/catalogue.h"

namespace muster::inline app {

namespace {

LearningRateOptions learning_rate_options(const Catalogue& catalogue, const LearningRateSection& keys) {
  return {.shape = catalogue.rates().at(keys.shape).shape,
          .peak = keys.peak,
          .final = keys.final,
          .warmup_steps = keys.warmup_steps,
          .milestones = keys.milestones,
          .decay = keys.decay,
          .hold_from = keys.hold_from};
}

}  // namespace

RunFacts run_facts(const Catalogue& catalogue, const Configuration& configuration) {
  return {.learning_rate = learning_rate_options(catalogue, configuration.learning_rate),
          .workers = configuration.run.workers.value_or(1),
          .batch = configuration.task.batch};
}

ChosenRule chosen_rule(const Catalogue& catalogue, const Configuration& configuration) {
  return {catalogue.rules().at(configuration.schedule.rule), configuration.schedule.values,
          run_facts(catalogue, configuration)};
}

std::unique_ptr<SyncSchedule> make_schedule(const Catalogue& catalogue, const Configuration& configuration) {
  return chosen_rule(catalogue, configuration).make();
}

LearningRate make_learning_rate(const Catalogue& catalogue, const Configuration& configuration,
                                int64_t total_steps) {
  return {learning_rate_options(catalogue, configuration.learning_rate), total_steps};
}

}  // namespace muster::inline app
