#pragma once

#include <string>
#include <vector>

#include "muster/app/study/study_convex_subject.h"
#include "muster/theory/convex/convex_bounds.h"
#include "muster/theory/convex/convex_run.h"

namespace muster::inline app {

class Catalogue;

/// The longest periods that theories allow at 1 / (K T), without constants unless the name says so.
struct AllowedPeriods {
  int64_t stich = 1;
  int64_t stich_with_constants = 1;
  int64_t haddadpour = 1;
  int64_t khaled = 1;
  int64_t woodworth = 1;
  int64_t koloskova = 1;
  int64_t growing_longest = 1, growing_rounds = 1;  ///< Spiridonoff et al.: the last of growing rounds
  int64_t drift = 1;                                ///< H(eta), with L; at the last step's learning rate
  int64_t drift_near_optimum = 1;                   ///< with the largest eigenvalue at the optimum
};

/// The result of one run, with the theory's bound on it.
struct ConvexRunResult {
  int64_t workers = 1, batch = 1;
  std::string meetings;  ///< "H = 4", "stich (theory)", ...
  int64_t longest_period = 1, rounds = 0, steps = 0;
  ConvexStepSize step_size;
  std::vector<ConvexCurvePoint> curve;
  double norm_last = 0;  ///< ||x|| of the newest iterate
  double seconds = 0;    ///< of training
  double samples_per_second = 0;
  StichSetting setting;  ///< the theorem's, with sigma^2 and G^2 over the iterates that the run visited
  int64_t iterates_looked_at = 0;  ///< number of these iterates
  StichBound bound;
  AllowedPeriods allowed;
};

/// Runs workers x batches x periods, or the schedule; shows progress on a terminal.
std::vector<ConvexRunResult> convex_runs(const Catalogue& catalogue, const ConvexRequest& request,
                                         const ConvexSubject& subject);

AllowedPeriods allowed_periods(const ConvexRunResult& run);

/// "K=8 b=16 H=4".
std::string run_name(const ConvexRunResult& run);

/// As JSON text, as tables of the terminal, and as a page.
std::string convex_runs_json(const ConvexRequest& request, const ConvexSubject& subject,
                             const std::vector<ConvexRunResult>& runs, int indent);
std::string convex_runs_text(const ConvexSubject& subject, const std::vector<ConvexRunResult>& runs);
StudyPage convex_runs_page(const ConvexRequest& request, const ConvexSubject& subject,
                           const std::vector<ConvexRunResult>& runs);

}  // namespace muster::inline app
