#pragma once

#include <algorithm>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "muster/task/task.h"

namespace muster::inline task {

/// A task whose held-out data are training samples of another one: the first `count` (all where there are
/// fewer), as training sees them in its first pass. Measures the training loss of a model outside training.
class TrainingPart final : public Task {
 public:
  /// `task` is borrowed.
  TrainingPart(const Task& task, int64_t count) : task_(task), count_(std::min(count, task.train_size())) {}

  std::string name() const override { return task_.name(); }
  std::unique_ptr<Model> make_model() const override { return task_.make_model(); }
  int64_t train_size() const override { return task_.train_size(); }
  int64_t test_size() const override { return count_; }
  Batch train_batch(std::span<const int64_t> samples, int64_t epoch) const override {
    return task_.train_batch(samples, epoch);
  }
  Batch test_batch(int64_t first, int64_t count) const override {
    std::vector<int64_t> samples(static_cast<size_t>(count));
    std::iota(samples.begin(), samples.end(), first);
    return task_.train_batch(samples, 0);
  }
  int64_t activation_bytes(int64_t batch) const override { return task_.activation_bytes(batch); }

 private:
  const Task& task_;
  int64_t count_;
};

}  // namespace muster::inline task
