#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "muster/local_updates/local_updates.h"
#include "muster/schedule/learning_rate.h"
#include "tests/support/vectors.h"
#include "tests/unit/local_updates/segment_loop.h"

/// What LocalUpdates does, written out: all ranks in one thread, in plain loops.
namespace muster {

struct Rule {
  const char* name;
  std::function<std::unique_ptr<SyncSchedule>()> make;
};

struct Outer {
  const char* name;
  OuterOptimizerFactory make;
};

template <class T>
using Models = std::vector<LinearModel<T>>;

/// The mean of one vector of every model, added in their order.
template <class T>
std::vector<T> mean_of(Models<T>& models, std::vector<T> (LinearModel<T>::*vector)()) {
  std::vector<T> sum = (models[0].*vector)();
  for (size_t rank = 1; rank < models.size(); ++rank) {
    const std::vector<T> next = (models[rank].*vector)();
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += next[i];
  }
  for (T& value : sum) value /= static_cast<T>(models.size());
  return sum;
}

/// Mean over the models of the squared distance to `mean`.
template <class T>
double divergence_of(Models<T>& models, const std::vector<T>& mean) {
  double sum = 0;
  for (LinearModel<T>& model : models) {
    const std::vector<T> flat = model.flat();
    for (size_t i = 0; i < mean.size(); ++i) {
      const auto apart = static_cast<double>(flat[i] - mean[i]);
      sum += apart * apart;
    }
  }
  return sum / static_cast<double>(models.size());
}

template <class T>
struct Outcome {
  std::vector<T> parameters;
  std::vector<MeetingReport> rounds;
};

/// One step of all models; returns the sum of their losses.
template <class T>
double step_of_all(Models<T>& models, const LinearSetting& setting, const LearningRate& rate, int64_t step,
                   Average what) {
  double losses = 0;
  const auto ranks = static_cast<int>(models.size());
  for (int rank = 0; rank < ranks; ++rank)
    losses += models[static_cast<size_t>(rank)].loss_and_gradient(
        first_sample(step, rank, ranks, setting.batch), setting.batch);
  if (what == Average::gradients) {
    const std::vector<T> mean = mean_of(models, &LinearModel<T>::flat_gradient);
    for (LinearModel<T>& model : models) model.gradient_from_flat(mean.data());
  }
  for (LinearModel<T>& model : models) model.descend(setting.momentum, rate.at(step));
  return losses;
}

/// The method written out, all ranks in one thread.
template <class T>
Outcome<T> by_hand(const LinearSetting& setting, int ranks, const Rule& rule, const Outer& outer) {
  Models<T> models(static_cast<size_t>(ranks), LinearModel<T>(1));
  const LearningRate rate(setting.rate, setting.total_steps);
  const auto schedule = rule.make();
  Vector anchor = test::vector_from(models[0].flat());
  const auto optimizer = outer.make ? outer.make(anchor.size(), anchor.type()) : nullptr;
  RoundStart start{.total_steps = setting.total_steps};
  Outcome<T> outcome;
  while (start.step < setting.total_steps) {
    start.learning_rate = rate.at(start.step);
    const Round round = schedule->next_round(start);
    double losses = 0;
    for (int64_t i = 0; i < round.steps; ++i)
      losses += step_of_all(models, setting, rate, start.step + i, round.what);
    start.last_learning_rate = rate.at(start.step + round.steps - 1);
    start.divergence = std::nullopt;
    start.round_loss = losses / static_cast<double>(round.steps) / ranks;
    if (round.what == Average::parameters) {
      const std::vector<T> mean = mean_of(models, &LinearModel<T>::flat);
      start.divergence = divergence_of(models, mean);
      if (optimizer) {
        const Vector gradient = anchor.copy();
        for (size_t i = 0; i < mean.size(); ++i) gradient.data<T>()[i] -= mean[i];
        optimizer->step(anchor, gradient, start.last_learning_rate);
      } else {
        anchor.copy_from(test::vector_from(mean));
      }
      for (LinearModel<T>& model : models) model.from_flat(anchor.data<T>());
    } else {
      anchor.copy_from(test::vector_from(models[0].flat()));
    }
    outcome.rounds.push_back({.index = static_cast<int64_t>(outcome.rounds.size()),
                              .first_step = start.step,
                              .steps = round.steps,
                              .what = round.what,
                              .learning_rate = start.last_learning_rate,
                              .divergence = start.divergence,
                              .loss = start.round_loss});
    start.step += round.steps;
  }
  outcome.parameters = models[0].flat();
  return outcome;
}

}  // namespace muster
