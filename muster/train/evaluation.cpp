#include "muster/train/evaluation.h"

#include <algorithm>

#include "muster/base/error.h"
#include "muster/flat/vector.h"
#include "muster/libtorch/tensor_vector.h"

namespace muster::inline train {

Evaluation::Evaluation(const Task& task, const Sampler& sampler, Averager& averager,
                       EvaluationOptions options)
    : task_(task),
      sampler_(sampler),
      averager_(averager),
      options_(options),
      models_(static_cast<size_t>(averager.pool().size())) {
  for (auto& own : models_) {
    own.model = task.make_model();
    own.buffers = storage_vector(own.model->buffers().size(), own.model->type());
  }
}

void Evaluation::ThreadModel::look_at(const Vector& parameters) {
  model->bind(tensor_of(parameters), {}, tensor_of(buffers));
}

void Evaluation::estimate_statistics(const Vector& parameters, Vector& buffers) {
  if (buffers.size() == 0) return;
  const int64_t hosted = options_.hosted_workers;
  const int64_t each = std::max<int64_t>(1, options_.statistics_batches / averager_.workers(hosted));
  const int64_t first = averager_.first_worker(hosted);
  std::vector<Vector> estimates(static_cast<size_t>(hosted));
  const auto threads = static_cast<int64_t>(models_.size());
  averager_.pool().run(threads, [&](int64_t thread) {
    ThreadModel& own = models_[static_cast<size_t>(thread)];
    own.look_at(parameters);
    for (int64_t i = thread; i < hosted; i += threads) {
      own.model->start_statistics();
      for (int64_t step = 0; step < each; ++step)
        own.model->observe(task_.train_batch(sampler_.samples(step, (first + i) % options_.workers),
                                             step / sampler_.steps_per_epoch()));
      estimates[static_cast<size_t>(i)] = own.buffers.copy();
    }
  });
  averager_.average(estimates, buffers, false, false, deadline_in(options_.deadline));
}

Score Evaluation::score(const Vector& parameters, const Vector& buffers) {
  const int64_t samples = task_.test_size();
  const int64_t batches = (samples + options_.batch - 1) / options_.batch;
  const int64_t ranks = averager_.group().size(), rank = averager_.group().rank();
  std::vector<Score> scores(static_cast<size_t>(batches));
  const auto threads = static_cast<int64_t>(models_.size());
  averager_.pool().run(threads, [&](int64_t thread) {
    ThreadModel& own = models_[static_cast<size_t>(thread)];
    own.look_at(parameters);
    own.buffers.copy_from(buffers);
    for (int64_t i = rank + thread * ranks; i < batches; i += threads * ranks) {
      const int64_t first = i * options_.batch;
      const Batch batch = task_.test_batch(first, std::min(options_.batch, samples - first));
      if (batch.size() > 0) scores[static_cast<size_t>(i)] = own.model->score(batch);  // 0: all were left out
    }
  });
  if (ranks > 1) gather(scores);
  Score total;
  for (const auto& score : scores) total.add(score);
  if (total.samples == 0)
    throw DataError("none of the " + std::to_string(samples) + " test samples could be read");
  return total;
}

// Batch i was scored by rank i % ranks; adding up in the batches' order makes the sum that of one process.
void Evaluation::gather(std::vector<Score>& scores) {
  const auto batches = static_cast<int64_t>(scores.size());
  const auto ranks = static_cast<size_t>(averager_.group().size());
  Vector mine = flat_vector(3 * batches, ElementType::float64);
  for (size_t i = 0; i < scores.size(); ++i) {
    double* const place = mine.data<double>() + 3 * i;
    place[0] = scores[i].loss;
    place[1] = static_cast<double>(scores[i].correct);
    place[2] = static_cast<double>(scores[i].samples);
  }
  std::vector<Vector> all;
  for (size_t rank = 0; rank < ranks; ++rank) all.push_back(flat_vector(3 * batches, ElementType::float64));
  averager_.group().start_gather(mine, all)->wait(deadline_in(options_.deadline));
  for (size_t i = 0; i < scores.size(); ++i) {
    const double* const place = all[i % ranks].data<double>() + 3 * i;
    scores[i].loss = place[0];
    scores[i].correct = static_cast<int64_t>(place[1]);
    scores[i].samples = static_cast<int64_t>(place[2]);
  }
}

}  // namespace muster::inline train
