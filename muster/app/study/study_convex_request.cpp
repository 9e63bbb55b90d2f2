#include "muster/app/study/study_convex_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <limits>
#include <utility>

#include "muster/app/options/arguments.h"
#include "muster/app/options/flag_reader.h"
#include "muster/app/options/resolve.h"
#include "muster/base/error.h"
#include "muster/choice/value.h"
#include "muster/report/html_text.h"

namespace muster::inline app {

namespace {

constexpr int64_t most_workers = 100'000, most_steps = int64_t{1} << 40, most_batch = 1'000'000;
constexpr int64_t default_scan_steps = 1'000'000;  // the most that a search tries

constexpr std::array<std::pair<std::string_view, ConvexStudyProblem>, 3> problems = {{
    {"data", ConvexStudyProblem::data},
    {"quadratic", ConvexStudyProblem::quadratic},
    {"piecewise", ConvexStudyProblem::piecewise},
}};
constexpr std::array<std::pair<std::string_view, Loss>, 2> losses = {{
    {"logistic", Loss::logistic},
    {"least-squares", Loss::least_squares},
}};
constexpr std::array<std::pair<std::string_view, StepSizeRule>, 3> step_sizes = {{
    {"constant", StepSizeRule::constant},
    {"inverse", StepSizeRule::inverse},
    {"theorem", StepSizeRule::theorem},
}};
constexpr std::array<std::pair<std::string_view, IterateAverage>, 3> averages = {{
    {"uniform", IterateAverage::uniform},
    {"linear", IterateAverage::linear},
    {"quadratic", IterateAverage::quadratic},
}};

// The schedule.* keys, if there are any; workers and batch follow from the flags, one by one.
void read_schedule(const Catalogue& catalogue, ConvexRequest& request, const Arguments& arguments) {
  for (const Setting& setting : arguments.settings) {
    if (!setting.name.starts_with("schedule."))
      throw OptionError("--" + setting.name, shown(setting.text),
                        "is no key of this study; of the keys of training only schedule.* count here");
    if (setting.name == "schedule.condition_number") request.condition_given = true;
  }
  if (arguments.settings.empty()) return;
  if (arguments.has("period"))
    throw OptionError("--period", *arguments.flag("period"),
                      "and the schedule.* keys both set when the workers meet; leave one out");
  std::vector<Setting> settings = arguments.settings;
  settings.push_back({"run.steps", std::to_string(request.steps)});
  request.schedule = resolve(catalogue, std::nullopt, settings, Scope::preview);
}

// Counters of draws and sums of steps must fit into 64 bits.
void check_draws(const ConvexRequest& request) {
  const auto largest = [](const std::vector<int64_t>& values) {
    return static_cast<double>(*std::max_element(values.begin(), values.end()));
  };
  if (largest(request.workers) * largest(request.batches) * static_cast<double>(request.steps) > 1e18)
    throw OptionError("--steps", std::to_string(request.steps),
                      "makes more than 1e18 draws with this --workers and --batch; use fewer");
}

void read_method(ConvexRequest& request, const FlagReader& reader) {
  request.workers = reader.integers("workers", 1, most_workers).value_or(request.workers);
  request.periods = reader.integers("period", 1, most_steps).value_or(request.periods);
  request.batches = reader.integers("batch", 1, most_batch).value_or(request.batches);
  request.step_size_given = reader.has("step-size");
  request.step_size = reader.meaning("step-size", step_sizes).value_or(request.step_size);
  request.average = reader.meaning("average", averages).value_or(request.average);
  request.learning_rate = reader.real("learning-rate", Sign::positive);
  const int64_t steps = reader.has("target") ? default_scan_steps : request.steps;
  request.steps = reader.integer("steps", 1, most_steps).value_or(steps);
  check_draws(request);
  request.seed = static_cast<uint64_t>(
      reader.integer("seed", 0, std::numeric_limits<int64_t>::max() - 1'000'000).value_or(1));
  if (reader.has("delay")) request.delay = reader.integer("delay", 0, most_steps).value_or(0);
  request.staggered = reader.has("staggered");
}

void read_scan(ConvexRequest& request, const FlagReader& reader) {
  request.targets = reader.reals("target", Sign::positive).value_or(request.targets);
  request.seeds = reader.integer("seeds", 1, 1000).value_or(request.seeds);
  request.tuning_seeds = reader.integer("tuning-seeds", 0, 1000).value_or(0);
  request.communication_cost = reader.real("communication-cost", Sign::not_negative);
  request.seconds_per_step = reader.real("seconds-per-step", Sign::positive);
  request.seconds_per_meeting = reader.real("seconds-per-meeting", Sign::not_negative);
}

void check_together(const ConvexRequest& request, const Arguments& arguments) {
  const auto refuse = [&](std::string_view flag, std::string_view remedy) {
    throw OptionError("--" + std::string(flag), shown(arguments.flag(flag).value_or("")), remedy);
  };
  const bool data = request.problem == ConvexStudyProblem::data;
  if (data && arguments.has("data") && request.data.empty())
    refuse("data", "give the path of a LIBSVM file, or leave it out for generated samples");
  if (!data && arguments.has("data")) refuse("data", "is not read by a --problem other than data");
  if (!data && request.schedule) refuse("problem", "takes --period, not the schedule.* keys");
  if (!data && (request.delay || !request.targets.empty()))
    refuse("problem", "has neither --delay nor --target; these need --data");
  if (request.staggered && !request.delay) refuse("staggered", "belongs to --delay");
  if (request.delay && request.schedule)
    refuse("delay", "takes --period, not the schedule.* keys: each worker has its own period");
  if (!request.targets.empty() && request.schedule)
    refuse("target", "takes --period, not the schedule.* keys: the length of a run is what is sought");
  if (request.step_size == StepSizeRule::theorem && request.learning_rate)
    refuse("learning-rate", "theorem step sizes follow from the problem; leave it out");
  if (request.average != IterateAverage::quadratic) {
    if (request.step_size == StepSizeRule::theorem)
      refuse("average", "the theorem is about the quadratic average; take another --step-size");
    if (request.problem == ConvexStudyProblem::piecewise)
      refuse("average", "this problem is judged by its newest iterate alone; leave it out");
  }
  if (request.seconds_per_step.has_value() != request.seconds_per_meeting.has_value())
    refuse(request.seconds_per_step ? "seconds-per-step" : "seconds-per-meeting",
           "needs the other one too: --seconds-per-step and --seconds-per-meeting");
  if (request.communication_cost && request.seconds_per_step)
    refuse("communication-cost", "follows from --seconds-per-meeting and --seconds-per-step; leave one out");
  if (request.tuning_seeds > 0 && request.targets.empty()) refuse("tuning-seeds", "belongs to --target");
  const bool costs = request.communication_cost || request.seconds_per_step;
  if (costs && request.targets.empty())
    refuse(request.communication_cost ? "communication-cost" : "seconds-per-step", "belongs to --target");
}

}  // namespace

std::string data_name(const ConvexRequest& request) {
  if (request.data.empty()) return "generated samples";
  return std::filesystem::path(request.data).filename().string();
}

ConvexRequest read_convex_request(const Catalogue& catalogue, const std::vector<std::string>& words) {
  const Arguments arguments = parse_arguments(catalogue, words, convex_help().flags, 0);
  ConvexRequest request;
  request.help = arguments.has("help");
  if (request.help) return request;
  const FlagReader reader(arguments);
  request.command = "muster study convex";
  for (const std::string& word : words) request.command += " " + shell_quoted(word);
  request.json = arguments.has("json");
  request.out = arguments.flag("out");
  request.problem = reader.meaning("problem", problems).value_or(request.problem);
  request.data = arguments.flag("data").value_or("");
  request.objective.loss = reader.meaning("loss", losses).value_or(Loss::logistic);
  request.objective.regularisation = reader.real("regularisation", Sign::positive);
  read_method(request, reader);
  read_schedule(catalogue, request, arguments);
  read_scan(request, reader);
  request.curvature = reader.real("curvature", Sign::positive).value_or(request.curvature);
  request.noise = reader.real("noise", Sign::not_negative).value_or(request.noise);
  request.start = request.problem == ConvexStudyProblem::piecewise
                      ? reader.real("start").value_or(0)
                      : reader.real("start", Sign::not_negative).value_or(request.start);
  request.shift = reader.real("shift", Sign::positive).value_or(request.shift);
  request.replicas = reader.integer("replicas", 0, 1'000'000'000).value_or(0);
  check_together(request, arguments);
  return request;
}

}  // namespace muster::inline app
