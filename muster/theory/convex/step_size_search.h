#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "muster/theory/convex/convex_problem.h"
#include "muster/theory/convex/convex_step_size.h"
#include "muster/theory/convex/delayed_local_sgd.h"
#include "muster/theory/convex/first_passage.h"

namespace muster::inline theory {

/// One cell of a table of iterations to accuracy.
struct SearchOptions {
  LocalSgdOptions method;            ///< step_size aside
  DelayOptions delay;                ///< period for both forms
  bool asynchronous = false;         ///< the delayed form
  std::vector<ConvexStepSize> grid;  ///< the settings to try, likely ones first
  std::vector<double> targets;       ///< f - f*
  int64_t seeds = 4;                 ///< method.seed and so many - 1 after it
  int64_t tuning_seeds = 0;  ///< so many after those: the step size is tuned with them alone; 0: with `seeds`
  int64_t most_steps = 1'000'000;
};

/// The fewest steps to a target, over the grid.
struct TunedSteps {
  double mean = 0;    ///< over the seeds
  double spread = 0;  ///< standard deviation over the seeds
  std::vector<int64_t> by_seed;
  ConvexStepSize step_size;
};

/// Finds the step size that gets to the targets in the fewest steps: every setting on the first seed; then
/// the best two of each column (target x newest or weighted iterate), the second if it is within 15 %, on
/// the other seeds; the least mean counts. With tuning seeds all of that is done with them, and what is
/// reported are runs of the chosen settings on `seeds`. One run at a time, so that the caller can show
/// progress.
class StepSizeSearch {
 public:
  /// `problem` is borrowed.
  StepSizeSearch(const ConvexProblem& problem, double optimum, SearchOptions options);

  /// Makes one run; false when there is none left.
  bool advance();
  int64_t runs_done() const { return done_; }
  /// An estimate until the runs on the first seed are done.
  int64_t runs_in_all() const;

  /// By target; none: not reached in most_steps. REQUIRES: advance() has returned false.
  std::vector<std::optional<TunedSteps>> last() const { return best(true); }
  std::vector<std::optional<TunedSteps>> weighted() const { return best(false); }

 private:
  using Passages = std::vector<std::optional<int64_t>>;
  using Column = std::vector<Passages>;  ///< [setting][seed]; tuning seeds first
  struct Rerun {
    size_t setting;
    int64_t seed;
  };
  FirstPassages run(const ConvexStepSize& step_size, int64_t seed, const PassageLimits& limits) const;
  void run_first(size_t setting);
  void choose_reruns();
  void choose_judged();
  int64_t search_seeds() const { return options_.tuning_seeds > 0 ? options_.tuning_seeds : options_.seeds; }
  std::optional<size_t> chosen_of(const Column& column) const;
  PassageLimits first_limits() const;
  PassageLimits rerun_limits(size_t setting) const;
  std::vector<size_t> best_two(const Column& column) const;
  std::vector<std::optional<TunedSteps>> best(bool newest) const;

  const ConvexProblem& problem_;
  double optimum_;
  SearchOptions options_;
  std::vector<Column> last_, weighted_;  ///< by target
  std::vector<Rerun> reruns_;
  bool judges_ = false;  ///< whether settings are chosen for the runs on `seeds`
  int64_t done_ = 0;
};

/// The settings of the papers' experiments: inverse c = 2^low ... 2^high of `inverse`, constant 32 x 2^low
/// ... of `constant`, from the middle outwards.
std::vector<ConvexStepSize> step_size_grid(int64_t samples);

}  // namespace muster::inline theory
