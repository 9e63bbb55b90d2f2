#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "muster/base/numbers.h"
#include "muster/task/samplers/sampler.h"

namespace muster::inline task {

/// A sampler for runs whose processes come and go. An epoch is dealt to the processes present at its start;
/// the share of one that dies stays unread until the next epoch deals all samples to the processes present
/// then. While the processes stay the same it equals the sampler it is made of.
class ResharingSampler final : public Sampler {
 public:
  /// The sampler of a run of so many workers.
  using Make = std::function<std::unique_ptr<Sampler>(int64_t workers)>;

  /// This process has share `share` of `processes`, each of `hosted` workers.
  ResharingSampler(Make make, int64_t processes, int64_t share, int64_t hosted);

  int64_t steps_per_epoch() const override;
  /// `worker`: any number whose remainder by `hosted` names the worker of this process.
  std::vector<int64_t> samples(int64_t step, int64_t worker) const override;
  int64_t pass(int64_t step, int64_t worker) const override;

  /// This process's share of the epoch that step `step` lies in.
  int64_t share_at(int64_t step) const;
  /// Gives this process, which joined in the middle of the present epoch, share `share` of it. A number
  /// beyond the epoch's processes gets samples in an order of its own.
  void take_share(int64_t step, int64_t share);
  /// From the first epoch on that begins at `step` or later, the samples are dealt to `processes`, this one
  /// being number `share`.
  void reshare(int64_t step, int64_t processes, int64_t share);

  /// How the epochs are divided, without this process's own share.
  Numbers state() const;
  /// `share`: of this process, in all of them.
  void restore(const Numbers& state, int64_t share);

 private:
  /// From `first_step`, where epoch `epoch` begins.
  struct Stretch {
    int64_t first_step, epoch, processes, share;
  };
  const Stretch& at(int64_t step) const;
  const Sampler& sampler(int64_t processes) const;
  /// The step, and worker, of the stretch's sampler.
  struct Spot {
    const Sampler& sampler;
    int64_t step, worker;
  };
  Spot spot(int64_t step, int64_t worker) const;
  void prepare(int64_t processes);

  Make make_;
  int64_t hosted_;
  std::vector<Stretch> stretches_;                        ///< never empty, rising
  std::map<int64_t, std::unique_ptr<Sampler>> samplers_;  ///< by processes; made before they are asked
};

}  // namespace muster::inline task
