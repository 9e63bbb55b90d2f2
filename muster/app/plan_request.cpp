#include "muster/app/plan_request.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <utility>

#include "muster/app/comparison.h"
#include "muster/app/keys.h"
#include "muster/app/network_flags.h"
#include "muster/app/resolve.h"
#include "muster/app/toml_file.h"
#include "muster/app/value.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/report/html_text.h"

namespace muster {

namespace {

constexpr int64_t worker_limit = 1'000'000, most_settings = 10'000;

/// --total may be said more than once, and what stands behind --launch begins with dashes, neither of which
/// parse_arguments knows.
std::vector<std::string> take_apart(const std::vector<std::string>& words, std::vector<std::string>& totals) {
  std::vector<std::string> rest;
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i].starts_with("--total=")) {
      totals.push_back(words[i].substr(8));
    } else if (words[i] == "--total") {
      if (i + 1 == words.size() || words[i + 1].starts_with("--"))
        throw OptionError("--total", "(no value)", "must be followed by RULE:TIME, such as qsr:20.2h");
      totals.push_back(words[++i]);
    } else if (words[i] == "--launch" && i + 1 < words.size()) {
      rest.push_back("--launch=" + words[++i]);
    } else {
      rest.push_back(words[i]);
    }
  }
  return rest;
}

StatedTotal parse_total(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0)
    throw OptionError("--total", shown(text),
                      "must be a rule and the time of its run, such as every_step:26.7h or constant:8:20.3h");
  return {text.substr(0, colon), parse_duration("--total", std::string_view(text).substr(colon + 1)) / 3600};
}

class Reader {
 public:
  explicit Reader(const Arguments& arguments) : arguments_(arguments) {}

  std::optional<double> real(const std::string& name, bool zero_allowed) const {
    const auto text = arguments_.flag(name);
    if (!text) return std::nullopt;
    const auto value = std::get<double>(parse_value(ValueType::real, "--" + name, *text));
    if (value > 0 || (zero_allowed && value == 0)) return value;
    throw OptionError("--" + name, shown(*text), zero_allowed ? "must be at least 0" : "must be above 0");
  }
  std::optional<double> duration(const std::string& name, bool zero_allowed) const {
    const auto text = arguments_.flag(name);
    if (!text) return std::nullopt;
    const double seconds = parse_duration("--" + name, *text);
    if (seconds > 0 || (zero_allowed && seconds == 0)) return seconds;
    throw OptionError("--" + name, shown(*text), zero_allowed ? "must be at least 0" : "must be above 0");
  }
  std::optional<int64_t> integer(const std::string& name, int64_t most) const {
    const auto values = integers(name, most);
    if (values.size() > 1)
      throw OptionError("--" + name, shown(*arguments_.flag(name)), "must be one whole number");
    return values.empty() ? std::nullopt : std::optional(values.front());
  }
  std::vector<int64_t> integers(const std::string& name, int64_t most) const {
    const auto text = arguments_.flag(name);
    if (!text) return {};
    auto values = std::get<std::vector<int64_t>>(parse_value(ValueType::integers, "--" + name, *text));
    if (values.empty()) throw OptionError("--" + name, shown(*text), "must be a whole number or several");
    for (const int64_t value : values)
      if (value < 1 || value > most)
        throw OptionError("--" + name, std::to_string(value), fmt::format("must be from 1 to {}", most));
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    return values;
  }

 private:
  const Arguments& arguments_;
};

bool says(const std::vector<Setting>& settings, std::string_view name) {
  return std::any_of(settings.begin(), settings.end(), [&](const Setting& one) { return one.name == name; });
}

/// The file's settings with those of the command line over them, each key once.
std::vector<Setting> merged(std::vector<Setting> settings, const std::vector<Setting>& over) {
  const bool length = says(over, "run.steps") || says(over, "run.epochs");
  std::erase_if(settings, [&](const Setting& one) {
    return says(over, one.name) || (length && (one.name == "run.steps" || one.name == "run.epochs"));
  });
  for (const Setting& one : over) {
    std::erase_if(settings, [&](const Setting& other) { return other.name == one.name; });
    settings.push_back(one);
  }
  return settings;
}

bool names_section(const std::vector<FileSetting>& file, std::string_view section) {
  return std::any_of(file.begin(), file.end(),
                     [&](const FileSetting& one) { return one.name.starts_with(section); });
}

/// Without what says the default. One key of async.* stays in a file that knows no schedule: it is that of an
/// asynchronous run.
void leave_out_defaults(std::vector<FileSetting>& file) {
  const Configuration defaults;
  const bool asynchronous = names_section(file, "async.") && !names_section(file, "schedule.");
  std::erase_if(file, [&](const FileSetting& one) {
    return one.value == find_key(one.name, "").get(defaults) && !(asynchronous && one.name == "async.outer");
  });
}

/// Of the layers those that describe workers that meet.
Given without_async(Given given) {
  std::erase_if(given.file, [](const FileSetting& one) { return one.name.starts_with("async."); });
  std::erase_if(given.over, [](const Setting& one) { return one.name.starts_with("async."); });
  return given;
}

/// Steps of every worker; an asynchronous run counts those of all.
int64_t steps_of(const PlanRequest& request) {
  const Configuration& configuration = request.configuration;
  const auto samples = request.samples();
  if (samples && !request.asynchronous()) return run_length(configuration, *samples).steps;
  if (!configuration.run.steps)
    throw OptionError("run.steps", "(not given)",
                      "a plan needs the length of the run: use --run.steps, or --train-samples (of the data) "
                      "to count the steps of its epochs");
  if (!request.asynchronous()) return *configuration.run.steps;
  return std::max<int64_t>(1, *configuration.run.steps / request.workers());
}

void check_length(const PlanRequest& request) {
  const auto beyond = [&](std::string_view field, int64_t period) {
    if (period > request.steps)
      throw OptionError(field, std::to_string(period),
                        fmt::format("is longer than the run of {} steps; it would never meet before the end",
                                    request.steps));
  };
  if (request.configuration.schedule.rule != "every_step" && says(request.given.over, "schedule.base_period"))
    beyond("schedule.base_period", request.configuration.schedule.base_period);
  for (const int64_t period : request.periods) beyond("--periods", period);
}

void check_machines(PlanRequest& request) {
  const int64_t workers = request.workers();
  if (!request.hosts) return;
  if (*request.hosts > workers || workers % *request.hosts != 0)
    throw OptionError("--hosts", std::to_string(*request.hosts),
                      fmt::format("must divide the {} workers (run.workers) evenly", workers));
}

void check_sources(const PlanRequest& request) {
  const int sources = int{request.probe} + int{request.run.has_value()} + int{!request.totals.empty()} +
                      int{request.step_seconds.has_value()};
  if (sources > 1)
    throw OptionError("--total, --run, --probe, --step-time", "(several)",
                      "give one of them: each determines the time of computing");
  if (sources == 0 && !request.asynchronous())
    throw OptionError(
        "--step-time", "(not given)",
        "a plan needs to know what computing and meeting take: use --probe (measure here), --run "
        "FOLDER (of a finished run), --total RULE:TIME twice, or --step-time with --network");
}

/// Reads the file and what stands over it, and sets aside what has no use.
void read_configuration(const Arguments& arguments, std::vector<Setting> over, PlanRequest& request) {
  std::optional<std::string> path = arguments.first();
  request.file = path;
  if (!path && request.run && is_there(*request.run + "/config.toml")) path = *request.run + "/config.toml";
  request.given = read_given(path, std::move(over), Scope::planning);
  leave_out_defaults(request.given.file);
  const Resolution lockstep = resolve_given(without_async(request.given), Scope::planning);
  std::erase_if(request.given.file, [&](const FileSetting& one) {
    return std::find(lockstep.unused.begin(), lockstep.unused.end(), one.name) != lockstep.unused.end();
  });
  request.unused = unused_line(request.given.source, "muster plan", lockstep.unused);
  request.settings = merged(text_settings(request.given.file), request.given.over);
  request.configuration = lockstep.configuration;
  if (!request.asynchronous()) return;
  const RunSection run = request.simulated().run;
  request.configuration.run.workers = run.workers;
  request.configuration.run.steps = run.steps;  // of all workers together
}

void read_flags(const Arguments& arguments, PlanRequest& request) {
  const Reader reader(arguments);
  request.json = arguments.has("json");
  request.probe = arguments.has("probe");
  request.run = arguments.flag("run");
  request.out = arguments.flag("out");
  request.step_seconds = reader.duration("step-time", false);
  request.price = reader.real("price", true);
  request.parameters = reader.integer("parameters", int64_t{1} << 45);
  request.hosts = reader.integer("hosts", worker_limit);
  request.train_samples = reader.integer("train-samples", int64_t{1} << 50);
  request.network = network_of(arguments);
  request.message_seconds = reader.duration("message-time", true).value_or(request.message_seconds);
  request.spread = reader.real("spread", true).value_or(0);
  request.apart = arguments.has("apart");
  request.failures.per_hour = reader.real("failures", true).value_or(0);
  request.failures.restart_seconds = reader.duration("restart", true).value_or(0);
  request.failures.validate();
  request.periods = reader.integers("periods", int64_t{1} << 40);
  request.settings_per_rule = reader.integer("settings", most_settings).value_or(request.settings_per_rule);
  request.probe_steps = reader.integer("probe-steps", 100'000).value_or(request.probe_steps);
  request.launch = arguments.flag("launch").value_or("");
  if (request.probe_steps < 16)
    throw OptionError("--probe-steps", std::to_string(request.probe_steps), "must be at least 16");
}

}  // namespace

bool PlanRequest::asynchronous() const {
  return std::any_of(settings.begin(), settings.end(),
                     [](const Setting& one) { return one.name.starts_with("async."); });
}

std::optional<int64_t> PlanRequest::samples() const {
  if (train_samples) return train_samples;
  // A schedule alone says nothing of its data.
  const bool names_task = says(settings, "task.name") || says(settings, "task.samples");
  return names_task || !configuration.run.steps ? usual_samples(configuration) : std::nullopt;
}

Configuration PlanRequest::simulated() const { return resolve_given(given, Scope::simulation).configuration; }

double parse_duration(const std::string& field, std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 8> units = {{{"us", 1e-6},
                                                                         {"ms", 1e-3},
                                                                         {"s", 1},
                                                                         {"m", 60},
                                                                         {"min", 60},
                                                                         {"h", 3600},
                                                                         {"hours", 3600},
                                                                         {"d", 86400}}};
  double number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  if (problem == std::errc() && number == 0 && unit.empty()) return 0;  // in any unit
  if (problem == std::errc() && std::isfinite(number))
    for (const auto& [name, factor] : units)
      if (name == unit) return number * factor;
  throw OptionError(field, shown(text), "must be a time with a unit, such as 26.7h, 90min, 0.75s or 20ms");
}

PlanRequest read_plan_request(const std::vector<std::string>& words) {
  PlanRequest request;
  std::vector<std::string> totals;
  const Arguments arguments = parse_arguments(take_apart(words, totals), plan_help().flags, 1);
  if (arguments.has("help")) {
    request.help = true;
    return request;
  }
  request.command = "muster plan";
  for (const std::string& word : words) request.command += " " + shell_quoted(word);
  read_flags(arguments, request);
  std::vector<Setting> over = arguments.settings;
  const std::vector<int64_t> workers = Reader(arguments).integers("workers", worker_limit);
  if (workers.size() == 1) over.push_back({"run.workers", std::to_string(workers.front())});
  if (workers.size() > 1) request.scan = workers;
  read_configuration(arguments, std::move(over), request);
  for (const std::string& text : totals) request.totals.push_back(parse_total(text));
  check_sources(request);
  request.steps = steps_of(request);
  check_length(request);
  check_machines(request);
  return request;
}

}  // namespace muster
