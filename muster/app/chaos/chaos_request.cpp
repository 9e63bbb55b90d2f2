#include "muster/app/chaos/chaos_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "muster/app/options/arguments.h"
#include "muster/app/options/flag_reader.h"
#include "muster/app/options/help.h"
#include "muster/app/options/input_text.h"
#include "muster/app/options/resolve.h"
#include "muster/base/error.h"
#include "muster/choice/value.h"

namespace muster::inline app {

namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

constexpr const char* example =
    "muster chaos --kills 5 -- muster launch -n 4 --min-workers 2 --restarts 9 -- train config.toml";

Arguments own_arguments(const Catalogue& catalogue, const Words& words) {
  const Arguments arguments = parse_arguments(catalogue, words, chaos_help().flags, 1);
  if (!arguments.settings.empty())
    throw OptionError(arguments.settings.front().name, shown(arguments.settings.front().text),
                      fmt::format("belongs to the training behind the second --, as in {}", example));
  if (!arguments.positional.empty())
    throw OptionError("command line", shown(arguments.positional.front()),
                      fmt::format("the command comes after --, as in {}", example));
  return arguments;
}

int count_of(const FlagReader& flags, const char* flag, int64_t otherwise) {
  constexpr int64_t most = 10000;
  return static_cast<int>(flags.integer(flag, 0, most).value_or(otherwise));
}

double seconds_of(const FlagReader& flags, const char* flag, double otherwise) {
  constexpr double least = 0.01, most = 86400;
  return flags.real_within(flag, least, most, "seconds").value_or(otherwise);
}

ChaosOptions options_of(const FlagReader& flags, const LaunchRequest& launch) {
  constexpr int kills_unless_told = 3;
  ChaosOptions options;
  options.seed = static_cast<uint64_t>(count_of(flags, "seed", 1));
  options.ranks = launch.ranks();
  options.min_workers = launch.min_workers;
  options.deadline = launch.deadline;
  options.stops = count_of(flags, "stops", 0);
  options.slows = count_of(flags, "slows", 0);
  options.cuts = count_of(flags, "cuts", 0);
  options.kills = count_of(flags, "kills", options.disturbances() == 0 ? kills_unless_told : 0);
  options.pairs = count_of(flags, "pairs", 0);
  options.every = seconds_of(flags, "every", options.every);
  options.stop_seconds = seconds_of(flags, "stop-seconds", 0);
  options.validate();
  return options;
}

/// Index of the word `launch` that follows the name of this program.
size_t find_launch(const Words& command) {
  for (size_t i = 1; i < command.size(); ++i)
    if (command[i] == "launch" && fs::path(command[i - 1]).filename() == "muster") return i;
  throw OptionError("command", command.empty() ? "(none)" : shown(command.front()),
                    fmt::format("must be a run of muster launch, as in {}", example));
}

std::string own_path() {
  std::error_code problem;
  const auto path = fs::read_symlink("/proc/self/exe", problem);
  if (problem) throw Error("cannot find the path of this program (/proc/self/exe): " + problem.message());
  return path.string();
}

void check_launch(const LaunchRequest& launch) {
  if (launch.command.empty() || launch.command.front() != "train")
    throw OptionError("command", launch.command.empty() ? "(none)" : shown(launch.command.front()),
                      "the ranks must run train: a run is watched by the files it writes");
  if (!launch.log_folder.empty())
    throw OptionError("--log-dir", launch.log_folder, "leave it out: muster chaos listens to all ranks");
}

std::string fresh_folder() {
  for (int number = 1;; ++number) {
    std::string folder = fmt::format("runs/chaos-{}", number);
    if (!fs::exists(folder)) return folder;
  }
}

void check_new(const std::string& folder) {
  std::error_code missing;
  if (fs::exists(folder, missing) && !fs::is_empty(folder, missing))
    throw OptionError("run.out", shown(folder),
                      "must be a new folder: a run is disturbed from its beginning");
}

bool given(const Arguments& arguments, std::string_view key) {
  return std::any_of(arguments.settings.begin(), arguments.settings.end(),
                     [&](const Setting& setting) { return setting.name == key; });
}

/// Adds run.out, run.verify and run.verify_every where missing; reads the run's folder, seed and steps.
void complete_training(const Catalogue& catalogue, ChaosRequest& request) {
  const Words& words = request.launch.command;
  const Arguments training =
      parse_arguments(catalogue, {words.begin() + 1, words.end()}, train_help().flags, 1);
  const auto& files = training.positional;
  if (!files.empty()) hold_input("CONFIG", files.front());
  const Configuration configuration =
      resolve(catalogue, files.empty() ? std::nullopt : std::optional(files.front()), training.settings,
              Scope::training,
              {.all = request.launch.ranks(), .on_this_host = request.launch.places.front().local_size});
  const RunSection& run = configuration.run;
  const auto add = [&](const std::string& key, const std::string& value) {
    request.command.insert(request.command.end(), {"--" + key, value});
  };
  request.folder = run.out.value_or(fresh_folder());
  if (!run.out) add("run.out", request.folder);
  check_new(request.folder);
  if (!run.verify) add("run.verify", "true");
  if (!given(training, "run.verify_every")) add("run.verify_every", "1");
  request.seed = run.seed;
  if (run.steps)
    request.steps = run.steps;
  else if (const auto samples = known_samples(catalogue, configuration))
    request.steps = run_length(configuration, *samples).steps;
}

bool all_on_this_machine(const LaunchRequest& launch) {
  return std::all_of(launch.places.begin(), launch.places.end(),
                     [](const RankPlace& place) { return place.here; });
}

}  // namespace

std::string ChaosRequest::baseline_folder(int number) const {
  return fmt::format("{}-baseline-{}", folder, number);
}

std::vector<std::string> ChaosRequest::baseline_command(int number) const {
  Words words = command;
  words.insert(words.end(),
               {"--run.out", baseline_folder(number), "--run.seed", std::to_string(seed + number)});
  return words;
}

ChaosRequest read_chaos_request(const Catalogue& catalogue, const std::vector<std::string>& words) {
  const auto divider = std::find(words.begin(), words.end(), "--");
  const Arguments arguments = own_arguments(catalogue, {words.begin(), divider});
  ChaosRequest request;
  request.help = arguments.has("help");
  if (request.help) return request;
  request.json = arguments.has("json");
  request.device = arguments.flag("device").value_or("");
  request.baseline = count_of(FlagReader(arguments), "baseline", 0);
  if (divider != words.end()) request.command.assign(divider + 1, words.end());
  const size_t launch = find_launch(request.command);
  if (request.command[launch - 1] == "muster") request.command[launch - 1] = own_path();
  request.launch = read_launch_request(
      catalogue, {request.command.begin() + static_cast<ptrdiff_t>(launch) + 1, request.command.end()});
  check_launch(request.launch);
  request.options = options_of(FlagReader(arguments), request.launch);
  if (request.options.cuts > 0 && all_on_this_machine(request.launch))
    throw OptionError(
        "--cuts", std::to_string(request.options.cuts),
        "a link can be cut where ranks run in network namespaces only: make some (ip netns add), "
        "name their addresses in --hosts, and start ranks there by --ssh (ip netns exec)");
  complete_training(catalogue, request);
  for (int number = 1; number <= request.baseline; ++number) check_new(request.baseline_folder(number));
  return request;
}

}  // namespace muster::inline app
