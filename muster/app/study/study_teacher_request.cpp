#include "muster/app/study/study_teacher_request.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <limits>

#include "muster/app/compare/comparison.h"
#include "muster/app/keys/catalogue.h"
#include "muster/app/keys/make_schedule.h"
#include "muster/app/options/arguments.h"
#include "muster/app/options/flag_reader.h"
#include "muster/app/options/resolve.h"
#include "muster/base/error.h"
#include "muster/base/nearest_word.h"
#include "muster/choice/value.h"
#include "muster/report/html_text.h"

namespace muster::inline app {

namespace {

constexpr double default_rate = 0.2;

int64_t integer(const Arguments& arguments, std::string_view name, int64_t otherwise, int64_t least,
                int64_t most) {
  return FlagReader(arguments).integer(name, least, most).value_or(otherwise);
}

double real(const Arguments& arguments, std::string_view name, double otherwise) {
  return FlagReader(arguments).real(name).value_or(otherwise);
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

int bits_of(const Family<NamedCodec>& codecs, const RuleKind& rule, const std::string& word) {
  const NamedCodec& codec = codecs.at(word);
  if (codec.bits_in_study && codec.lossless) return *codec.bits_in_study;
  if (rule.gradients != GradientMeetings::always)
    throw OptionError("comm.codec", codec.name,
                      "codes gradients in this study: it belongs to schedule.rule = every_step; parameters "
                      "travel as fp32");
  if (codec.bits_in_study) return *codec.bits_in_study;
  const auto known = codecs.words_where([](const NamedCodec& one) { return one.bits_in_study.has_value(); });
  throw OptionError("comm.codec", codec.name,
                    fmt::format("must be one of {} in this study", fmt::join(known, ", ")));
}

/// The keys of an arm over those of the command line over the study's own.
TeacherArm make_arm(const Catalogue& catalogue, const ArmRequest& arm, const std::vector<Setting>& common,
                    const TeacherOptions& problem, double rate) {
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
  const Configuration configuration = resolve(catalogue, std::nullopt, settings, Scope::preview);
  const ChosenRule rule = chosen_rule(catalogue, configuration);
  if (rule.kind.wants_loss)
    throw OptionError("schedule.rule", rule.kind.name,
                      "follows the training loss, which this study does not measure; take another rule");
  return {arm.name,
          rule.kind.name,
          {.make_schedule = [rule] { return rule.make(); },
           .learning_rate = make_learning_rate(catalogue, configuration, problem.steps),
           .gradient_bits = bits_of(catalogue.codecs(), rule.kind, configuration.comm.codec),
           .bucket = configuration.comm.codec_values.given<int64_t>("bucket").value_or(512)}};
}

void read_arms(const Catalogue& catalogue, TeacherRequest& request, const Arguments& arguments,
               std::vector<ArmRequest> arms) {
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
    request.arms.push_back(make_arm(catalogue, arm, arguments.settings, request.problem, rate));
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

TeacherRequest read_teacher_request(const Catalogue& catalogue, const std::vector<std::string>& words) {
  const Arguments arguments = parse_arguments(catalogue, words, teacher_help().flags, 0);
  std::vector<ArmRequest> arms = arms_of(catalogue, arguments);
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
  request.targets = FlagReader(arguments).reals("target").value_or(request.targets);
  read_arms(catalogue, request, arguments, std::move(arms));
  return request;
}

}  // namespace muster::inline app
