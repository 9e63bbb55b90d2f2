#include "muster/app/planner/plan_probe.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <sstream>
#include <string_view>

#include "muster/app/processes/child_program.h"
#include "muster/base/error.h"
#include "muster/base/log.h"

namespace muster::inline app {

namespace {

namespace fs = std::filesystem;

/// A folder for the probe's runs, removed at the end unless it lies in the plan's own folder.
class ProbeFolder {
 public:
  explicit ProbeFolder(const std::optional<std::string>& out) : kept_(out.has_value()) {
    if (out) {
      path_ = *out + "/probe";
      std::error_code problem;
      fs::remove_all(path_, problem);
      fs::create_directories(path_, problem);
      if (problem) throw FileError(fmt::format("cannot make the folder '{}': {}", path_, problem.message()));
      return;
    }
    std::string form = (fs::temp_directory_path() / "muster-plan-XXXXXX").string();
    if (!::mkdtemp(form.data())) throw FileError(fmt::format("cannot make a folder in '{}'", form));
    path_ = form;
  }
  ~ProbeFolder() {
    std::error_code ignored;  // what remains lies in the folder for temporary files
    if (!kept_) fs::remove_all(path_, ignored);
  }
  ProbeFolder(const ProbeFolder&) = delete;
  ProbeFolder& operator=(const ProbeFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool kept_;
};

bool set_by_probe(const std::string& name) {
  constexpr std::array<std::string_view, 13> own = {
      "run.steps",      "run.epochs",       "run.out",         "run.resume", "run.verify",
      "run.probe",      "comm.overlap",     "comm.delay",      "comm.merge", "comm.blend",
      "comm.fragments", "evaluation.every", "checkpoint.every"};
  return name.starts_with("schedule.") || name.starts_with("learning_rate.") || name.starts_with("async.") ||
         std::find(own.begin(), own.end(), name) != own.end();
}

bool meets_parameters_only(const std::string& name) {
  return name.starts_with("outer.") || name == "comm.group_size" || name == "comm.inner_period";
}

std::vector<std::string> child_command(const PlanRequest& request, const std::vector<std::string>& training) {
  std::error_code problem;
  const auto self = fs::read_symlink("/proc/self/exe", problem);
  if (problem) throw Error("cannot find the path of this program (/proc/self/exe): " + problem.message());
  std::vector<std::string> command = {self.string()};
  if (!request.launch.empty()) {
    command.emplace_back("launch");
    std::istringstream words(request.launch);
    command.insert(command.end(), std::istream_iterator<std::string>(words), {});
    command.emplace_back("--");
  }
  command.emplace_back("train");
  command.insert(command.end(), training.begin(), training.end());
  return command;
}

void add(PlanMeasurement& all, PlanMeasurement one) {
  all.rounds.insert(all.rounds.end(), one.rounds.begin(), one.rounds.end());
  all.workers = one.workers;
  all.evaluate_every = one.evaluate_every;
  all.parameters = one.parameters;
  all.bytes_per_meeting = std::max(all.bytes_per_meeting, one.bytes_per_meeting);
  all.own_step_seconds += one.own_step_seconds / 3;
  all.evaluation_seconds += one.evaluation_seconds / 3;
  all.checkpoint_seconds += one.checkpoint_seconds / 3;
}

}  // namespace

std::vector<std::string> probe_words(const PlanRequest& request, const ProbeTraining& training,
                                     const std::string& folder) {
  std::vector<std::string> words;
  for (const Setting& one : request.settings) {
    if (set_by_probe(one.name) || (!training.period && meets_parameters_only(one.name))) continue;
    words.push_back("--" + one.name + "=" + one.text);
  }
  const auto set = [&](const std::string& name, const std::string& text) {
    words.push_back("--" + name + "=" + text);
  };
  set("schedule.rule", training.period ? "constant" : "every_step");
  if (training.period)
    set("schedule.base_period", std::to_string(*training.period * request.configuration.comm.inner_period));
  // A rate that changes nothing: the arithmetic takes as long as with any other, and nothing diverges.
  set("learning_rate.shape", "constant");
  set("learning_rate.peak", "1e-5");
  set("run.steps", std::to_string(request.probe_steps));
  set("run.out", folder);
  // When not given it resolves to an epoch, and the plan reads that value from the run.
  if (request.configuration.evaluation.every) set("evaluation.every", "0");
  set("checkpoint.every", "0");
  return words;
}

PlanMeasurement probe_here(const PlanRequest& request) {
  const ProbeFolder folder(request.out);
  HeldSignals signals;
  PlanMeasurement all;
  const int64_t longest = std::max<int64_t>(8, request.probe_steps / 4);
  for (const ProbeTraining& training : {ProbeTraining{}, ProbeTraining{2}, ProbeTraining{longest}}) {
    const std::string rule = training.period ? "constant" : "every_step";
    const int64_t period = training.period.value_or(1);
    const std::string name = fmt::format("{}/{}-{}", folder.path(), rule, period);
    print_log("muster plan: {} steps of {} with period {}\n", request.probe_steps, rule, period);
    const int code = run_child(child_command(request, probe_words(request, training, name)), signals);
    if (signals.asked_to_stop() != 0) throw Error("the probe was stopped");
    if (code != 0)
      throw OptionError("--probe", fmt::format("{} with period {}", rule, period),
                        fmt::format("the training ended with exit code {}; its messages are above", code));
    add(all, measure_run(name));
  }
  all.processes = request.launch.empty() ? 1 : all.workers;
  if (request.configuration.evaluation.every) all.evaluate_every = request.configuration.evaluation.every;
  all.replay.reset();
  all.source = fmt::format("probed {}: {} steps under each of three rules",
                           request.launch.empty() ? "here" : "by muster launch " + request.launch,
                           request.probe_steps);
  return all;
}

}  // namespace muster::inline app
