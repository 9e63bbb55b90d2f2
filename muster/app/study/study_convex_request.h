#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "muster/app/keys/options.h"
#include "muster/app/options/help.h"
#include "muster/theory/convex/convex_problem.h"
#include "muster/theory/convex/convex_step_size.h"

namespace muster::inline app {

class Catalogue;

enum class ConvexStudyProblem { data, quadratic, piecewise };

/// What `muster study convex` was asked for, checked.
struct ConvexRequest {
  bool help = false, json = false;
  std::string command;  ///< how it was called
  std::optional<std::string> out;
  ConvexStudyProblem problem = ConvexStudyProblem::data;
  std::string data;  // path; empty: generated
  ConvexProblemOptions objective;
  std::vector<int64_t> workers = {1}, periods = {1}, batches = {1};
  std::optional<Configuration> schedule;  ///< the schedule.* keys, resolved; in place of periods
  bool condition_given = false;           ///< schedule.condition_number is given
  StepSizeRule step_size = StepSizeRule::inverse;
  std::optional<double> learning_rate;
  bool step_size_given = false;
  IterateAverage average = IterateAverage::quadratic;
  int64_t steps = 10'000;
  uint64_t seed = 1;
  std::vector<double> targets;  ///< not empty: iterations to accuracy
  int64_t seeds = 4, tuning_seeds = 0;
  std::optional<int64_t> delay;  ///< tau of the asynchronous form
  bool staggered = false;
  std::optional<double> communication_cost;  ///< of a meeting, in local steps
  std::optional<double> seconds_per_step, seconds_per_meeting;
  // Of the problems without data.
  double curvature = 1, noise = 1, start = 1, shift = 80;
  int64_t replicas = 0;
};

/// The data's file, without its folders.
std::string data_name(const ConvexRequest& request);

/// Throws OptionError.
ConvexRequest read_convex_request(const Catalogue& catalogue, const std::vector<std::string>& words);

const CommandHelp& convex_help();

}  // namespace muster::inline app
