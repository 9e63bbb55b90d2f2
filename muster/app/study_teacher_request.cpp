#include "muster/app/study_teacher_request.h"

#include <fmt/format.h>

#include <limits>

#include "muster/app/arguments.h"
#include "muster/app/comparison.h"
#include "muster/app/make_schedule.h"
#include "muster/app/resolve.h"
#include "muster/app/value.h"
#include "muster/base/error.h"
#include "muster/base/nearest_word.h"
#include "muster/report/html_text.h"

namespace muster {

namespace {

constexpr double default_rate = 0.2;

int64_t integer(const Arguments& arguments, std::string_view name, int64_t otherwise, int64_t least,
                int64_t most) {
  const auto text = arguments.flag(name);
  if (!text) return otherwise;
  const std::string field = "--" + std::string(name);
  const auto value = std::get<int64_t>(parse_value(ValueType::integer, field, *text));
  if (value < least || value > most)
    throw OptionError(field, shown(*text), fmt::format("must be from {} to {}", least, most));
  return value;
}

double real(const Arguments& arguments, std::string_view name, double otherwise) {
  const auto text = arguments.flag(name);
  return text ? std::get<double>(parse_value(ValueType::real, "--" + std::string(name), *text)) : otherwise;
}

void check_keys(const std::vector<Setting>& settings) {
  for (const Setting& setting : settings) {
    const std::string section = setting.name.substr(0, setting.name.find('.'));
    if (section == "schedule" || section == "learning_rate" || setting.name == "comm.codec" ||
        setting.name == "comm.bucket")
      continue;
    throw OptionError("--" + setting.name, shown(setting.text),
                      "means nothing to this study; of the keys it takes schedule.*, learning_rate.*, "
                      "comm.codec and comm.bucket");
  }
}

bool says(const std::vector<Setting>& settings, std::string_view start) {
  for (const Setting& setting : settings)
    if (setting.name.starts_with(start)) return true;
  return false;
}

int bits_of(const Configuration& configuration) {
  const std::string& codec = configuration.comm.codec;
  if (codec == "fp32") return 32;
  if (configuration.schedule.rule != "every_step")
    throw OptionError("comm.codec", codec,
                      "codes gradients in this study: it belongs to schedule.rule = every_step; parameters "
                      "travel as fp32");
  if (codec == "qsgd8") return 8;
  if (codec == "qsgd4") return 4;
  if (codec == "qsgd2") return 2;
  throw OptionError("comm.codec", codec, "must be fp32, qsgd8, qsgd4 or qsgd2 in this study");
}

/// The keys of an arm over those of the command line over the study's own.
TeacherArm make_arm(const ArmRequest& arm, const std::vector<Setting>& common, const TeacherOptions& problem,
                    double rate) {
  std::vector<Setting> own = common;
  own.insert(own.end(), arm.settings.begin(), arm.settings.end());
  check_keys(own);
  std::vector<Setting> settings = {{"run.steps", std::to_string(problem.steps)},
                                   {"run.workers", std::to_string(problem.workers)},
                                   {"task.batch", std::to_string(problem.batch)},
                                   {"learning_rate.peak", fmt::format("{}", rate)}};
  if (!says(own, "learning_rate.shape") && problem.steps >= 4) {
    settings.push_back({"learning_rate.shape", "step"});
    if (!says(own, "learning_rate.milestones"))
      settings.push_back(
          {"learning_rate.milestones", fmt::format("{},{}", problem.steps / 2, 3 * problem.steps / 4)});
  }
  settings.insert(settings.end(), own.begin(), own.end());
  const Configuration configuration = resolve(std::nullopt, settings, Scope::preview);
  const ScheduleOptions schedule = schedule_options(configuration);
  if (make_schedule(schedule)->wants_loss())
    throw OptionError("schedule.rule", configuration.schedule.rule,
                      "follows the training loss, which this study does not measure; take another rule");
  return {arm.name,
          configuration.schedule.rule,
          {.make_schedule = [schedule] { return make_schedule(schedule); },
           .learning_rate = make_learning_rate(configuration, problem.steps),
           .gradient_bits = bits_of(configuration),
           .bucket = configuration.comm.bucket.value_or(512)}};
}

void read_arms(TeacherRequest& request, const Arguments& arguments, std::vector<ArmRequest> arms) {
  const double rate = real(arguments, "learning-rate", default_rate);
  if (!(rate > 0) || rate > 1e3)
    throw OptionError("--learning-rate", fmt::format("{}", rate), "must be above 0, such as 0.2");
  if (arguments.has("learning-rate") && says(arguments.settings, "learning_rate.peak"))
    throw OptionError("--learning-rate", *arguments.flag("learning-rate"),
                      "contradicts learning_rate.peak; give either of them");
  if (arms.empty()) arms.push_back({says(arguments.settings, "schedule.") ? "run" : "qsr", {}});
  std::vector<std::string> names;
  for (const ArmRequest& arm : arms) {
    for (const std::string& name : names)
      if (name == arm.name)
        throw OptionError("--arm", shown(arm.name), "two arms have this name; give each its own");
    names.push_back(arm.name);
    request.arms.push_back(make_arm(arm, arguments.settings, request.problem, rate));
  }
  const std::string baseline = arguments.flag("baseline").value_or(names.front());
  for (request.baseline = 0; request.baseline < names.size(); ++request.baseline)
    if (names[request.baseline] == baseline) return;
  const std::string nearest = nearest_word(baseline, names);
  throw OptionError(
      "--baseline", shown(baseline),
      nearest.empty() ? "must be the name of an --arm" : fmt::format("is no arm; did you mean {}?", nearest));
}

}  // namespace

TeacherRequest read_teacher_request(const std::vector<std::string>& words) {
  std::vector<std::string> others = words;
  std::vector<ArmRequest> arms = take_arms(others);
  const Arguments arguments = parse_arguments(others, teacher_help().flags, 0);
  TeacherRequest request;
  request.help = arguments.has("help");
  if (request.help) return request;
  request.command = "muster study teacher";
  for (const std::string& word : words) request.command += " " + shell_quoted(word);
  request.json = arguments.has("json");
  request.out = arguments.flag("out");
  TeacherOptions& problem = request.problem;
  problem.workers = integer(arguments, "workers", problem.workers, 1, 4096);
  problem.batch = integer(arguments, "batch", problem.batch, 1, 4096);
  problem.steps = integer(arguments, "steps", problem.steps, 1, 100'000'000);
  problem.test_points = integer(arguments, "test-points", problem.test_points, 1, 1'000'000);
  problem.noise = real(arguments, "noise", problem.noise);
  problem.validate();
  request.seeds = integer(arguments, "seeds", request.seeds, 1, 100'000);
  request.seed = static_cast<uint64_t>(
      integer(arguments, "seed", 1, 0, std::numeric_limits<int64_t>::max() - 1'000'000));
  request.threads = static_cast<int>(integer(arguments, "threads", usable_cores(), 1, 1024));
  if (const auto text = arguments.flag("target"))
    request.targets = std::get<std::vector<double>>(parse_value(ValueType::reals, "--target", *text));
  read_arms(request, arguments, std::move(arms));
  return request;
}

}  // namespace muster
