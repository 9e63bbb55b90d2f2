#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "muster/app/study/study_convex_request.h"
#include "muster/report/study_page.h"
#include "muster/theory/convex/convex_optimum.h"
#include "muster/theory/convex/convex_problem.h"

namespace muster::inline app {

/// A problem with all that is known of it before the first step.
struct ConvexSubject {
  ConvexProblem problem;
  ConvexOptimum optimum;
  ConvexConstants constants;
  double start_gap = 0;     ///< f(0) - f*
  double read_seconds = 0;  ///< of the file, before it is packed
};

/// Reads the data and finds the optimum.
ConvexSubject convex_subject(const ConvexRequest& request);

/// The facts of a problem, for the terminal and the page.
StudyTable subject_table(const ConvexSubject& subject);

/// One JSON object: samples, features, optimum, smoothness, strong_convexity and more.
std::string subject_json(const ConvexRequest& request, const ConvexSubject& subject);

/// The requested step size, such as 4 / (mu (a + t)); `longest_period` counts for `theorem`. Throws
/// OptionError unless every step size is below 1 / lambda, with lambda the regularisation.
ConvexStepSize convex_step_size(const ConvexRequest& request, const ConvexSubject& subject,
                                int64_t longest_period);

/// "inverse 0.125", "constant 0.5", "theorem".
std::string step_size_text(const ConvexStepSize& step_size);

}  // namespace muster::inline app
