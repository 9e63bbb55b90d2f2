#pragma once

#include <deque>

#include "muster/theory/convex/convex_method.h"
#include "muster/theory/convex/local_steps.h"

namespace muster::inline theory {

struct DelayOptions {
  int64_t period = 1;      ///< H: steps of a worker between two of its pushes
  int64_t delay = 0;       ///< tau: a push of time s is seen by reads from time s + tau on
  bool staggered = false;  ///< worker k pushes when H divides t + k mod H; else all at the same times
  int64_t last_step = 0;   ///< all workers push at it; 0: no such step
};

/// Local SGD with a server and bounded delay (Stich, ICLR 2019, Section 4): worker k adds 1/K of its change
/// since its last read to the server's vector z and continues from the z that it reads. Its own push becomes
/// visible to it after tau steps, too. Without delay and not staggered this is LocalSgd, to rounding.
class DelayedLocalSgd : public ConvexMethod {
 public:
  /// `problem` is borrowed.
  DelayedLocalSgd(const ConvexProblem& problem, const LocalSgdOptions& options, DelayOptions delay);

  void advance(int64_t period, int64_t rounds) override;
  int64_t step() const override { return step_; }
  std::vector<double> last() const override { return server_; }
  std::vector<std::vector<double>> iterates(int64_t most) const override {
    return some_values(workers_, most);
  }
  std::vector<double> weighted() const override;
  /// Number of times at which at least one worker pushed.
  int64_t meetings() const { return meetings_; }

 private:
  struct Push {
    int64_t visible_from;
    std::vector<double> sum;
  };
  bool pushes(size_t worker, int64_t time) const;
  int64_t next_time(int64_t end) const;
  void meet(int64_t time);
  void train(size_t worker, int64_t until);
  void show(int64_t time);

  DelayOptions delay_;
  ConvexStepSize step_size_;
  LocalSteps steps_;
  std::vector<LazyIterate> workers_;
  std::vector<std::vector<double>> bases_;  ///< the vector that each worker read last
  std::vector<int64_t> trained_;            ///< steps done, by worker
  std::vector<double> server_;
  std::deque<Push> pending_;
  int64_t step_ = 0, meetings_ = 0;
  double weights_ = 0;
};

}  // namespace muster::inline theory
