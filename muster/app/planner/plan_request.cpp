#include "muster/app/planner/plan_request.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "muster/app/compare/comparison.h"
#include "muster/app/keys/catalogue.h"
#include "muster/app/options/flag_reader.h"
#include "muster/app/options/network_flags.h"
#include "muster/app/options/resolve.h"
#include "muster/app/options/toml_file.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/choice/value.h"
#include "muster/report/html_text.h"

namespace muster::inline app {

namespace {

constexpr int64_t worker_limit = 1'000'000, most_settings = 10'000;

StatedTotal parse_total(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0)
    throw OptionError("--total", shown(text),
                      "must be a rule and the time of its run, such as every_step:26.7h or constant:8:20.3h");
  return {text.substr(0, colon), parse_duration("--total", std::string_view(text).substr(colon + 1)) / 3600};
}

std::optional<int64_t> one_of(const FlagReader& flags, const char* name, int64_t most) {
  return flags.integer(name, 1, most);
}

/// The flag's integers in ascending order, each once.
std::vector<int64_t> sorted(const FlagReader& flags, const char* name, int64_t most) {
  std::vector<int64_t> values = flags.integers(name, 1, most).value_or(std::vector<int64_t>());
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

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

/// Removes settings equal to their default. Keeps async.outer in a file with async.* keys and no schedule,
/// which it marks as an asynchronous run's.
void leave_out_defaults(const Catalogue& catalogue, std::vector<FileSetting>& file) {
  const Configuration defaults;
  const bool asynchronous = names_section(file, "async.") && !names_section(file, "schedule.");
  std::erase_if(file, [&](const FileSetting& one) {
    return one.value == catalogue.find_key(one.name, "").get(defaults) &&
           !(asynchronous && one.name == "async.outer");
  });
}

/// Both layers without their async.* keys.
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

void check_length(const Catalogue& catalogue, const PlanRequest& request) {
  const auto beyond = [&](std::string_view field, int64_t period) {
    if (period > request.steps)
      throw OptionError(field, std::to_string(period),
                        fmt::format("is longer than the run of {} steps; it would never meet before the end",
                                    request.steps));
  };
  const ScheduleSection& schedule = request.configuration.schedule;
  const RuleKind& rule = catalogue.rules().at(schedule.rule);
  if (rule.has_base_period() && says(request.given.over, "schedule.base_period"))
    beyond("schedule.base_period", rule.base_period(schedule.values));
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

/// Reads the file and the settings over it, and sets aside keys without use.
void read_configuration(const Catalogue& catalogue, const Arguments& arguments, std::vector<Setting> over,
                        PlanRequest& request) {
  std::optional<std::string> path = arguments.first();
  request.file = path;
  if (!path && request.run && is_there(*request.run + "/config.toml")) path = *request.run + "/config.toml";
  request.given = read_given(catalogue, path, std::move(over), Scope::planning);
  leave_out_defaults(catalogue, request.given.file);
  const Resolution lockstep = resolve_given(catalogue, without_async(request.given), Scope::planning);
  std::erase_if(request.given.file, [&](const FileSetting& one) {
    return std::find(lockstep.unused.begin(), lockstep.unused.end(), one.name) != lockstep.unused.end();
  });
  request.unused = unused_line(request.given.source, "muster plan", lockstep.unused);
  request.settings = merged(text_settings(request.given.file), request.given.over);
  request.configuration = lockstep.configuration;
  request.usual_samples = usual_samples(catalogue, request.configuration);
  if (!request.asynchronous()) return;
  const RunSection run = request.simulated(catalogue).run;
  request.configuration.run.workers = run.workers;
  request.configuration.run.steps = run.steps;  // of all workers together
}

void read_flags(const Arguments& arguments, PlanRequest& request) {
  const FlagReader flags(arguments);
  request.json = arguments.has("json");
  request.probe = arguments.has("probe");
  request.run = arguments.flag("run");
  request.out = arguments.flag("out");
  request.step_seconds = flags.duration("step-time", Sign::positive);
  request.price = flags.real("price", Sign::not_negative);
  request.parameters = one_of(flags, "parameters", int64_t{1} << 45);
  request.hosts = one_of(flags, "hosts", worker_limit);
  request.train_samples = one_of(flags, "train-samples", int64_t{1} << 50);
  request.network = network_of(arguments);
  request.message_seconds =
      flags.duration("message-time", Sign::not_negative).value_or(request.message_seconds);
  request.spread = flags.real("spread", Sign::not_negative).value_or(0);
  request.apart = arguments.has("apart");
  request.failures.per_hour = flags.real("failures", Sign::not_negative).value_or(0);
  request.failures.restart_seconds = flags.duration("restart", Sign::not_negative).value_or(0);
  request.failures.validate();
  request.periods = sorted(flags, "periods", int64_t{1} << 40);
  request.settings_per_rule = one_of(flags, "settings", most_settings).value_or(request.settings_per_rule);
  request.probe_steps = one_of(flags, "probe-steps", 100'000).value_or(request.probe_steps);
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
  return names_task || !configuration.run.steps ? usual_samples : std::nullopt;
}

Configuration PlanRequest::simulated(const Catalogue& catalogue) const {
  return resolve_given(catalogue, given, Scope::simulation).configuration;
}

PlanRequest read_plan_request(const Catalogue& catalogue, const std::vector<std::string>& words) {
  PlanRequest request;
  const Arguments arguments = parse_arguments(catalogue, words, plan_help().flags, 1);
  if (arguments.has("help")) {
    request.help = true;
    return request;
  }
  request.command = "muster plan";
  for (const std::string& word : words) request.command += " " + shell_quoted(word);
  read_flags(arguments, request);
  std::vector<Setting> over = arguments.settings;
  const std::vector<int64_t> workers = sorted(FlagReader(arguments), "workers", worker_limit);
  if (workers.size() == 1) over.push_back({"run.workers", std::to_string(workers.front())});
  if (workers.size() > 1) request.scan = workers;
  read_configuration(catalogue, arguments, std::move(over), request);
  for (const std::string& text : arguments.all("total")) request.totals.push_back(parse_total(text));
  check_sources(request);
  request.steps = steps_of(request);
  check_length(catalogue, request);
  check_machines(request);
  return request;
}

}  // namespace muster::inline app
