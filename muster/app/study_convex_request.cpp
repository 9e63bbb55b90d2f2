#include "muster/app/study_convex_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <limits>
#include <utility>

#include "muster/app/arguments.h"
#include "muster/app/resolve.h"
#include "muster/app/value.h"
#include "muster/base/error.h"
#include "muster/base/nearest_word.h"
#include "muster/report/html_text.h"

namespace muster {

namespace {

constexpr int64_t most_workers = 100'000, most_steps = int64_t{1} << 40, most_batch = 1'000'000;
constexpr int64_t default_scan_steps = 1'000'000;  // the most that a search tries

class Reader {
 public:
  explicit Reader(const Arguments& arguments) : arguments_(arguments) {}

  bool has(std::string_view name) const { return arguments_.has(name); }

  int64_t integer(std::string_view name, int64_t fallback, int64_t least, int64_t most) const {
    const auto text = arguments_.flag(name);
    if (!text) return fallback;
    const auto value = std::get<int64_t>(parse_value(ValueType::integer, field(name), *text));
    check(value >= least && value <= most, name, *text, fmt::format("must be from {} to {}", least, most));
    return value;
  }

  std::vector<int64_t> integers(std::string_view name, std::vector<int64_t> fallback, int64_t most) const {
    const auto text = arguments_.flag(name);
    if (!text) return fallback;
    auto values = std::get<std::vector<int64_t>>(parse_value(ValueType::integers, field(name), *text));
    check(!values.empty(), name, *text, "must be a number or a list such as 1,4,16");
    for (const int64_t value : values)
      check(value >= 1 && value <= most, name, *text, fmt::format("must be from 1 to {}", most));
    return values;
  }

  std::optional<double> any_real(std::string_view name) const {
    const auto text = arguments_.flag(name);
    if (!text) return std::nullopt;
    return std::get<double>(parse_value(ValueType::real, field(name), *text));
  }

  std::optional<double> real(std::string_view name, bool zero_allowed) const {
    const auto text = arguments_.flag(name);
    if (!text) return std::nullopt;
    const auto value = std::get<double>(parse_value(ValueType::real, field(name), *text));
    check(value > 0 || (zero_allowed && value == 0), name, *text,
          zero_allowed ? "must be at least 0" : "must be above 0");
    return value;
  }

  std::vector<double> reals(std::string_view name) const {
    const auto text = arguments_.flag(name);
    if (!text) return {};
    auto values = std::get<std::vector<double>>(parse_value(ValueType::reals, field(name), *text));
    check(!values.empty(), name, *text, "must be a number or a list such as 5e-3,1e-3");
    for (const double value : values) check(value > 0, name, *text, "must be above 0");
    return values;
  }

  template <class Enum, size_t n>
  Enum word(std::string_view name, const std::array<std::pair<std::string_view, Enum>, n>& words,
            Enum fallback) const {
    const auto text = arguments_.flag(name);
    if (!text) return fallback;
    std::vector<std::string> all;
    std::string listed;
    for (const auto& [word, value] : words) {
      if (word == *text) return value;
      all.emplace_back(word);
      listed += (listed.empty() ? "" : ", ") + std::string(word);
    }
    const std::string nearest = nearest_word(*text, all);
    throw OptionError(field(name), shown(*text),
                      fmt::format("must be one of {}{}", listed,
                                  nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest)));
  }

 private:
  static std::string field(std::string_view name) { return "--" + std::string(name); }
  static void check(bool holds, std::string_view name, std::string_view text, const std::string& remedy) {
    if (!holds) throw OptionError(field(name), shown(text), remedy);
  }
  const Arguments& arguments_;
};

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
void read_schedule(ConvexRequest& request, const Arguments& arguments) {
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
  request.schedule = resolve(std::nullopt, settings, Scope::preview);
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

void read_method(ConvexRequest& request, const Reader& reader) {
  request.workers = reader.integers("workers", request.workers, most_workers);
  request.periods = reader.integers("period", request.periods, most_steps);
  request.batches = reader.integers("batch", request.batches, most_batch);
  request.step_size_given = reader.has("step-size");
  request.step_size = reader.word("step-size", step_sizes, request.step_size);
  request.average = reader.word("average", averages, request.average);
  request.learning_rate = reader.real("learning-rate", false);
  const int64_t steps = reader.has("target") ? default_scan_steps : request.steps;
  request.steps = reader.integer("steps", steps, 1, most_steps);
  check_draws(request);
  request.seed =
      static_cast<uint64_t>(reader.integer("seed", 1, 0, std::numeric_limits<int64_t>::max() - 1'000'000));
  if (reader.has("delay")) request.delay = reader.integer("delay", 0, 0, most_steps);
  request.staggered = reader.has("staggered");
}

void read_scan(ConvexRequest& request, const Reader& reader) {
  request.targets = reader.reals("target");
  request.seeds = reader.integer("seeds", request.seeds, 1, 1000);
  request.tuning_seeds = reader.integer("tuning-seeds", 0, 0, 1000);
  request.communication_cost = reader.real("communication-cost", true);
  request.seconds_per_step = reader.real("seconds-per-step", false);
  request.seconds_per_meeting = reader.real("seconds-per-meeting", true);
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

ConvexRequest read_convex_request(const std::vector<std::string>& words) {
  const Arguments arguments = parse_arguments(words, convex_help().flags, 0);
  ConvexRequest request;
  request.help = arguments.has("help");
  if (request.help) return request;
  const Reader reader(arguments);
  request.command = "muster study convex";
  for (const std::string& word : words) request.command += " " + shell_quoted(word);
  request.json = arguments.has("json");
  request.out = arguments.flag("out");
  request.problem = reader.word("problem", problems, request.problem);
  request.data = arguments.flag("data").value_or("");
  request.objective.loss = reader.word("loss", losses, Loss::logistic);
  request.objective.regularisation = reader.real("regularisation", false);
  read_method(request, reader);
  read_schedule(request, arguments);
  read_scan(request, reader);
  request.curvature = reader.real("curvature", false).value_or(request.curvature);
  request.noise = reader.real("noise", true).value_or(request.noise);
  request.start = request.problem == ConvexStudyProblem::piecewise
                      ? reader.any_real("start").value_or(0)
                      : reader.real("start", true).value_or(request.start);
  request.shift = reader.real("shift", false).value_or(request.shift);
  request.replicas = reader.integer("replicas", 0, 0, 1'000'000'000);
  check_together(request, arguments);
  return request;
}

}  // namespace muster
