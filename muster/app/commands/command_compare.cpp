#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>

#include "muster/app/commands/commands.h"
#include "muster/app/compare/comparison.h"
#include "muster/app/compare/comparison_result.h"
#include "muster/app/options/flag_reader.h"
#include "muster/app/options/help.h"
#include "muster/app/options/input_text.h"
#include "muster/app/options/network_flags.h"
#include "muster/app/options/printed_configuration.h"
#include "muster/app/options/run_configuration.h"
#include "muster/app/options/toml_file.h"
#include "muster/app/preview/page_time.h"
#include "muster/app/processes/child_program.h"
#include "muster/app/processes/engine_program.h"
#include "muster/app/processes/held_signals.h"
#include "muster/app/processes/program.h"
#include "muster/app/processes/watched_child.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/format.h"
#include "muster/base/log.h"
#include "muster/base/output.h"
#include "muster/base/stopwatch.h"
#include "muster/choice/value.h"
#include "muster/report/html_text.h"
#include "muster/report/no_worse.h"
#include "muster/report/whole_result.h"

namespace muster::inline app {

namespace {

constexpr double seconds_for_a_dying_run = 60;

int64_t number_of_seeds(const Arguments& arguments) {
  return FlagReader(arguments).integer("seeds", 1, 10'000).value_or(1);
}

std::optional<double> margin_of(const Arguments& arguments, int64_t seeds) {
  const auto margin = FlagReader(arguments).real_within("margin", 0, 100, "points");
  if (margin && seeds < seeds_for_a_decision)
    throw OptionError(
        "--seeds", std::to_string(seeds),
        fmt::format("--margin asks for a verdict, which needs at least {}", seeds_for_a_decision));
  return margin;
}

// runs/FILE without .toml: the same command finds its runs again. A pipe has no name of its own.
std::string folder_of(const Arguments& arguments) {
  if (const auto out = arguments.flag("out")) return *out;
  if (arguments.positional.empty() || held_text(arguments.positional.front())) return "runs/comparison";
  return "runs/" + std::filesystem::path(arguments.positional.front()).stem().string();
}

void read_request(const Catalogue& catalogue, std::vector<ArmRequest> more_arms, CompareRequest& of) {
  ComparisonRequest& request = of.comparison;
  if (const auto path = of.arguments.first()) {
    of.source = configuration_file(*path);
    const ComparisonFile file = read_comparison_file(catalogue, of.source);
    request.file = file.base;
    of.unused = take_own_keys(request.file);
    for (const ArmTable& arm : file.arms) request.arms.push_back({arm.name, text_settings(arm.settings)});
  }
  for (ArmRequest& arm : more_arms) request.arms.push_back(std::move(arm));
  request.command_line = of.arguments.settings;
  request.seeds = number_of_seeds(of.arguments);
  request.folder = folder_of(of.arguments);
}

void say_unused(const CompareRequest& request, const std::vector<PlannedRun>& plan) {
  std::vector<std::string> names = request.unused;
  for (std::string& name : unused_in(plan)) names.push_back(std::move(name));
  const std::string line = unused_line(request.source, "muster compare", names);
  if (!line.empty()) print_log("{}\n", line);
}

void make_folder(const std::string& path) {
  std::error_code problem;
  std::filesystem::create_directories(path, problem);
  if (problem) throw FileError(fmt::format("cannot make the folder '{}': {}", path, problem.message()));
}

/// Makes the planned runs that have not finished, one after the other.
class Runner {
 public:
  Runner(const Catalogue& catalogue, const std::vector<PlannedRun>& plan, HeldSignals& signals)
      : catalogue_(catalogue), plan_(plan), signals_(signals) {
    for (const PlannedRun& run : plan) {
      const ResultCheck found = found_result(catalogue, run);
      damage_.push_back(found.damage);
      finished_.push_back(found.whole());
      if (finished_.back()) note_time(run, 0);
    }
  }

  /// The exit code of a comparison that was asked to stop, or 0. Throws Error when a run cannot begin.
  int run_all() {
    for (size_t i = 0; i < plan_.size(); ++i) {
      if (finished_[i]) {
        say(i, "finished before, kept");
        continue;
      }
      if (const int signal = signals_.asked_to_stop()) return 128 + signal;
      if (!damage_[i].empty()) say(i, "finished before, but " + damage_[i]);
      const Stopwatch watch;
      const int code = train(i);
      if (code != 0) show_last_words(plan_[i]);
      if (const int signal = signals_.asked_to_stop()) return 128 + signal;
      if (asks_to_stop(code - 128)) return code;  // somebody stopped the run itself
      finished_[i] = true;
      note(i, code, watch.seconds());
    }
    return 0;
  }

  const std::vector<std::string>& failures() const { return failures_; }

 private:
  std::string label(size_t index) const {
    return fmt::format("[{}/{}] {}, seed {}", index + 1, plan_.size(), plan_[index].arm, plan_[index].seed);
  }
  void say(size_t index, const std::string& more) const {
    print_log("{}{}\n", label(index), more.empty() ? "" : " (" + more + ")");
  }

  // One line of each run: how it ended, and how long the others will take.
  void note(size_t index, int code, double seconds) {
    const PlannedRun& run = plan_[index];
    if (code != 0) {
      note_failure(run, code);
      return say(index, reason(code));
    }
    if (check_result(run.folder).whole()) {
      note_time(run, seconds);
      return print_log("{}: {}{}\n", label(index), outcome(run), time_left());
    }
    failures_.push_back(
        fmt::format("{}: it ended well, but its result in '{}' is not whole", name_of(run), run.folder));
    say(index, "its result is not whole");
  }

  static std::string outcome(const PlannedRun& run) {
    const Summary totals = read_run_history(run.folder).totals;
    std::string text;
    if (totals.final_test_accuracy)
      text += fmt::format("accuracy {:.2f} %, ", 100 * *totals.final_test_accuracy);
    if (totals.final_test_loss) text += fmt::format("loss {:.4f}, ", *totals.final_test_loss);
    return text + format_duration(totals.seconds.total);
  }

  // A run's output goes into its folder; when the run fails, the last lines are shown.
  static std::string log_of(const PlannedRun& run) { return run.folder + "/train.log"; }
  static void show_last_words(const PlannedRun& run) {
    constexpr size_t most = 12;
    for (const std::string& line : last_words(log_of(run), most)) print_log("{}\n", line);
  }

  int train(size_t index) {
    const PlannedRun& run = plan_[index];
    make_folder(run.folder);
    // A run whose comparison was killed writes a last checkpoint before it ends.
    if (!wait_until_unlocked(run.folder, seconds_for_a_dying_run, signals_) && signals_.asked_to_stop() == 0)
      throw FileError(fmt::format("another process is using '{}': wait for it or stop it", run.folder));
    if (const int signal = signals_.asked_to_stop()) return 128 + signal;
    const std::string file = run.folder + "/config.toml";
    write_file_atomically(file, write_toml(catalogue_, run.configuration));
    return run_watched({engine_path(), "train", file, "--run.out", run.folder, "--run.resume"}, log_of(run),
                       label(index), signals_);
  }

  // A run that began here counts with its start-up; a resumed one over all its sessions.
  void note_time(const PlannedRun& run, double here) {
    seconds_[run.arm] = std::max(here, read_run_history(run.folder).totals.seconds.total);
  }

  // A failure before the first round would occur in every arm; a later one tells something about its arm.
  void note_failure(const PlannedRun& run, int code) {
    const std::string name = name_of(run);
    if (read_rounds_so_far(run.folder).lines.empty())
      throw Error(fmt::format("{} could not train: {}", name, reason(code)));
    failures_.push_back(fmt::format("{}: {}", name, reason(code)));
  }

  static std::string name_of(const PlannedRun& run) {
    return fmt::format("arm '{}', seed {}", run.arm, run.seed);
  }

  static std::string reason(int code) {
    if (code > 128) return fmt::format("signal {} ended it ({})", code - 128, ::strsignal(code - 128));
    return fmt::format("exit code {}, the reason is above", code);
  }

  // Estimated from the last run of the same arm, or else from the mean over the other arms.
  std::string time_left() const {
    double mean = 0, left = 0;
    for (const auto& [arm, seconds] : seconds_) mean += seconds / static_cast<double>(seconds_.size());
    for (size_t i = 0; i < plan_.size(); ++i) {
      if (finished_[i]) continue;
      const auto known = seconds_.find(plan_[i].arm);
      left += known == seconds_.end() ? mean : known->second;
    }
    return left > 0 ? fmt::format(" (about {} left in all)", format_duration(left)) : "";
  }

  const Catalogue& catalogue_;
  const std::vector<PlannedRun>& plan_;
  HeldSignals& signals_;
  std::vector<bool> finished_;
  std::vector<std::string> damage_;        ///< of each run's result, or ""
  std::map<std::string, double> seconds_;  ///< of an arm's last run
  std::vector<std::string> failures_;
};

void warn_of_equal_arms(const std::vector<PlannedRun>& plan) {
  for (size_t i = 0; i < plan.size() && plan[i].seed == plan[0].seed; ++i)
    for (size_t j = 0; j < i; ++j) {
      Configuration other = plan[j].configuration;
      other.run.out = plan[i].configuration.run.out;
      if (other == plan[i].configuration)
        print_log("arms '{}' and '{}' have the same settings\n", plan[j].arm, plan[i].arm);
    }
}

std::string command_line(const std::vector<std::string>& words) {
  std::string command = "muster compare";
  for (const std::string& word : words) command += " " + shell_quoted(word);
  return command;
}

void write_result(const ComparisonResult& result) {
  write_file_atomically(result.folder + "/comparison.json", comparison_json(result) + "\n");
  write_file_atomically(result.folder + "/report.html", comparison_page(result, time_now()));
}

int compare(const Catalogue& catalogue, const ComparisonRequest& request, const std::vector<PlannedRun>& plan,
            ComparisonResult result, bool json) {
  warn_of_equal_arms(plan);
  engine_path();
  make_folder(request.folder);
  const FolderClaim claim(request.folder);
  HeldSignals signals;
  Runner runner(catalogue, plan, signals);
  prepare_numeric_libraries();
  const int stopped = runner.run_all();
  result.arms = read_arms(catalogue, plan);
  write_result(result);
  if (stopped != 0) {
    print_log("stopped; finished runs are kept. Continue with the same command:\n  {}\n", result.command);
    return stopped;
  }
  write_output(json ? comparison_json(result) + "\n" : printable(comparison_text(result), "\n\t"));
  if (!json) print_log("\nThe report is {}/report.html\n", request.folder);
  for (const std::string& failure : runner.failures()) print_log("not finished: {}\n", failure);
  return runner.failures().empty() ? 0 : exit_error;
}

}  // namespace

CompareRequest read_compare_request(const Catalogue& catalogue, const std::vector<std::string>& words) {
  CompareRequest request{parse_arguments(catalogue, words, compare_help().flags, 1), {}, {}, {}, {}};
  if (request.arguments.has("help")) return request;
  read_request(catalogue, arms_of(catalogue, request.arguments), request);
  request.network = network_of(request.arguments);
  request.margin = margin_of(request.arguments, request.comparison.seeds);
  return request;
}

std::string printed_comparison(const Catalogue& catalogue, const CompareRequest& request) {
  const Given base = settings_given("", request.comparison.file, request.comparison.command_line);
  const auto resolution = resolve_given(catalogue, base, Scope::training);
  std::string text = *printed_configuration(catalogue, request.arguments, resolution, Scope::training);
  if (!request.arguments.has("json")) text += arms_toml(catalogue, request.comparison.arms);
  return text;
}

int compare_command(const Catalogue& catalogue, const std::vector<std::string>& words) {
  const CompareRequest request = read_compare_request(catalogue, words);
  if (request.arguments.has("help")) {
    write_output(help_text(catalogue, compare_help()));
    return 0;
  }
  const std::vector<PlannedRun> plan = plan_comparison(catalogue, request.comparison);
  say_unused(request, plan);
  if (request.arguments.has("print-config")) {
    write_output(printed_comparison(catalogue, request));
    return 0;
  }
  ComparisonResult result{
      request.comparison.folder, command_line(words), {}, request.network, request.margin};
  return compare(catalogue, request.comparison, plan, std::move(result), request.arguments.has("json"));
}

}  // namespace muster::inline app
