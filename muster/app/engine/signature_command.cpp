#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "muster/app/arguments.h"
#include "muster/app/engine/build_optimizers.h"
#include "muster/app/engine/commands.h"
#include "muster/app/help.h"
#include "muster/app/make_schedule.h"
#include "muster/app/resolve.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/log.h"
#include "muster/base/output.h"
#include "muster/comm/solo.h"
#include "muster/flat/kernel_threads.h"
#include "muster/method/synchronous.h"
#include "muster/task/samplers.h"
#include "muster/task/scalar_task.h"

namespace muster {

namespace {

/// One tiny training: a name and what differs from the common settings.
struct SignatureCase {
  const char* name;
  std::vector<Setting> settings;
};

const std::vector<SignatureCase>& signature_cases() {
  static const std::vector<SignatureCase> cases = {
      {"every_step", {{"schedule.rule", "every_step"}}},
      {"constant", {{"schedule.rule", "constant"}}},
      {"post_local", {{"schedule.rule", "post_local"}, {"schedule.switch_step", "30"}}},
      {"qsr", {{"schedule.rule", "qsr"}}},
      {"power", {{"schedule.rule", "power"}, {"schedule.exponent", "3"}}},
      {"adaptive", {{"schedule.rule", "adaptive"}, {"schedule.base_period", "2"}}},
      {"loss", {{"schedule.rule", "loss"}, {"schedule.max_period", "12"}}},
      {"piecewise", {{"schedule.rule", "piecewise"}, {"schedule.pieces", "0:2,24:7"}}},
      {"swap", {{"schedule.rule", "swap"}, {"schedule.switch_step", "60"}}},
      {"theory", {{"schedule.rule", "theory"}, {"schedule.theory", "growing"}}},
      {"adamw_every_step", {{"schedule.rule", "every_step"}, {"inner.optimizer", "adamw"}}},
      {"adamw_keep", {{"inner.optimizer", "adamw"}}},
      {"adamw_average", {{"inner.optimizer", "adamw"}, {"inner.at_meeting", "average"}}},
      {"adamw_reset", {{"inner.optimizer", "adamw"}, {"inner.at_meeting", "reset"}}},
      {"nesterov_inner", {{"inner.nesterov", "true"}, {"inner.at_meeting", "average"}}},
      {"clip", {{"inner.clip", "0.05"}}},
      {"slowmo", {{"outer.optimizer", "slowmo"}}},
      {"nesterov_outer", {{"outer.optimizer", "nesterov"}}}};
  return cases;
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo).
class Hash {
 public:
  void add(const void* bytes, size_t count) {
    const auto* at = static_cast<const unsigned char*>(bytes);
    for (size_t i = 0; i < count; ++i) value_ = (value_ ^ at[i]) * 0x100000001B3ULL;
  }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0xCBF29CE484222325ULL;
};

/// Hash of the round starts and of the bits of the final parameters.
uint64_t signature_of(const SignatureCase& chosen) {
  std::vector<Setting> settings = {{"run.steps", "96"},           {"run.workers", "3"},
                                   {"run.threads", "2"},          {"task.batch", "4"},
                                   {"learning_rate.peak", "0.1"}, {"learning_rate.warmup_steps", "8"}};
  settings.insert(settings.end(), chosen.settings.begin(), chosen.settings.end());
  const Configuration configuration = resolve(std::nullopt, settings);
  const ScalarTask task({});
  const PermutationSampler sampler({.samples = task.train_size(), .workers = 3, .batch = 4, .seed = 1});
  ThreadPool pool(2, use_single_threaded_kernels_here);
  Solo group;
  Averager averager(group, pool);
  const LearningRate rate = make_learning_rate(configuration, 96);
  const int64_t size = task.make_model()->parameters().size();
  Synchronous method({task, sampler, pool, averager, rate, make_schedule(schedule_options(configuration)),
                      build_outer(configuration.outer, size, at::kDouble), build_inner(configuration.inner)},
                     {.total_steps = 96,
                      .hosted_workers = 3,
                      .clip = configuration.inner.clip.value_or(0),
                      .at_meeting = build_at_meeting(configuration.inner)});
  Hash hash;
  while (const auto progress = method.advance(96))
    if (progress->round) hash.add(&progress->round->first_step, sizeof(int64_t));
  for (const auto& replica : method.replicas())
    hash.add(replica->parameters().data_ptr<double>(), static_cast<size_t>(size) * sizeof(double));
  return hash.value();
}

/// Names of the methods whose line in the file is another one, or that it lacks.
std::vector<std::string> differences(const std::string& path, const std::vector<std::string>& lines) {
  std::istringstream file(read_file(path));
  std::vector<std::string> stored;
  for (std::string line; std::getline(file, line);)
    if (!line.empty() && line[0] != '#') stored.push_back(line);
  std::vector<std::string> differing;
  for (const auto& line : lines)
    if (std::find(stored.begin(), stored.end(), line) == stored.end())
      differing.push_back(line.substr(0, line.find(' ')));
  return differing;
}

}  // namespace

int run_signature(const std::vector<std::string>& words) {
  const Arguments arguments = parse_arguments(words, signature_help().flags, 0);
  use_single_threaded_kernels();
  std::vector<std::string> lines;
  nlohmann::ordered_json json;
  for (const auto& chosen : signature_cases()) {
    const std::string hash = fmt::format("{:016x}", signature_of(chosen));
    lines.push_back(fmt::format("{:<17} {}", chosen.name, hash));
    json[chosen.name] = hash;
  }
  if (arguments.has("json")) {
    write_output(json.dump() + "\n");
  } else {
    for (const auto& line : lines) print_output("{}\n", line);
  }
  const auto file = arguments.flag("check");
  if (!file) return 0;
  const auto differing = differences(*file, lines);
  for (const auto& name : differing)
    print_log("muster: the signature of '{}' is not that of {}\n", name, *file);
  return differing.empty() ? 0 : 1;
}

}  // namespace muster
