#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace muster::inline task {

/// Which samples a worker takes in a step: a function of (seed, step, worker), nothing is drawn from a
/// stream.
class Sampler {
 public:
  virtual ~Sampler() = default;
  /// floor(samples / (workers * batch)).
  virtual int64_t steps_per_epoch() const = 0;
  /// The `batch` sample indices of worker `worker` (0-based, in the whole run) at step `step` (0-based, in
  /// the whole run). May be called from several threads at once.
  virtual std::vector<int64_t> samples(int64_t step, int64_t worker) const = 0;
  /// Which pass (0-based) over its data the worker is in at that step: the epoch that its samples are
  /// augmented for.
  virtual int64_t pass(int64_t step, int64_t worker) const {
    (void)worker;
    return step / steps_per_epoch();
  }
  /// How many samples belong to this worker alone, where the data are divided.
  virtual std::optional<int64_t> samples_of(int64_t worker) const {
    (void)worker;
    return std::nullopt;
  }
};

}  // namespace muster::inline task
