#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "muster/app/commands/command_table.h"
#include "muster/app/commands/commands.h"
#include "muster/app/launch/launch_request.h"
#include "muster/app/launch/launcher.h"
#include "muster/app/launch/result_watch.h"
#include "muster/app/options/help.h"
#include "muster/app/options/input_text.h"
#include "muster/app/options/resolve.h"
#include "muster/app/options/run_configuration.h"
#include "muster/app/options/terminal_text.h"
#include "muster/app/processes/host_address.h"
#include "muster/base/error.h"
#include "muster/base/log.h"
#include "muster/base/output.h"
#include "muster/choice/value.h"
#include "muster/rendezvous/store_server.h"
#include "muster/report/html_text.h"
#include "muster/report/table.h"

namespace muster::inline app {

namespace {

// 128 random bits in hexadecimal digits.
std::string random_token() {
  std::array<unsigned char, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw Error(fmt::format("cannot draw a random token: {}", std::strerror(errno)));
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

bool is_muster_command(const std::string& word) {
  const auto commands = muster_commands();
  return std::any_of(commands.begin(), commands.end(),
                     [&](const Command& command) { return command.name == word; });
}

std::string own_path() {
  std::error_code problem;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", problem);
  if (problem) throw Error("cannot find the path of this program (/proc/self/exe): " + problem.message());
  return path.string();
}

bool all_here(const LaunchRequest& request) {
  return std::all_of(request.places.begin(), request.places.end(),
                     [](const RankPlace& place) { return place.here; });
}

// Reads the configuration once for all ranks, also for those on other hosts and those that are restarted.
void hold_configuration(LaunchRequest& request, const std::string& path) {
  hold_input("CONFIG", path);
  request.configuration = path;
}

// Replaces a run's folder by its file and --run.resume: ranks on other hosts may not have the folder.
void name_file_of_run(const Catalogue& catalogue, LaunchRequest& request) {
  std::vector<std::string>& words = request.command;
  const auto named =
      parse_arguments(catalogue, {words.begin() + 1, words.end()}, train_help().flags, 1).first();
  if (!named || configuration_file(*named) == *named) return;
  read_given(catalogue, *named, {}, Scope::training);  // refuses a folder that is no run's
  *std::find(words.begin() + 1, words.end(), *named) = configuration_file(*named);
  words.emplace_back("--run.resume");
}

// Refuses once, before the ranks start, what all of them would refuse. When no rank runs here, the
// configuration file may exist on the other hosts only.
void check_muster_command(const Catalogue& catalogue, LaunchRequest& request) {
  const std::vector<std::string>& words = request.command;
  if (words.front() == "launch")
    throw OptionError("command", "launch", "cannot launch itself; name what the ranks are to run");
  if (words.front() != "train") return;
  name_file_of_run(catalogue, request);
  const Arguments arguments =
      parse_arguments(catalogue, {words.begin() + 1, words.end()}, train_help().flags, 1);
  if (arguments.has("help")) return;
  const auto& files = arguments.positional;
  std::error_code unknown;  // the ranks report what is wrong with the file
  if (!files.empty() && (request.places.front().here || std::filesystem::exists(files.front(), unknown)))
    hold_configuration(request, files.front());
  if (!request.places.front().here) return;
  resolve(catalogue, files.empty() ? std::nullopt : std::optional(files.front()), arguments.settings,
          Scope::training, {.all = request.ranks(), .on_this_host = request.places.front().local_size});
}

Launcher::Program find_rank_program(const Catalogue& catalogue, LaunchRequest& request) {
  if (is_muster_command(request.command.front())) {
    check_muster_command(catalogue, request);
    return {own_path(), true};
  }
  const bool any_here = std::any_of(request.places.begin(), request.places.end(),
                                    [](const RankPlace& place) { return place.here; });
  if (!any_here) return {request.command.front(), false};
  const auto path = find_program(request.command.front());
  if (!path)
    throw OptionError(
        "command", shown(request.command.front()),
        "is neither a command of muster (muster help lists them) nor a program that can be run");
  return {*path, false};
}

void find_remote_shell(LaunchRequest& request) {
  if (all_here(request)) return;
  const auto path = find_program(request.remote_shell.front());
  if (!path)
    throw OptionError("--ssh", shown(request.remote_shell.front()),
                      "is no program that can be run; it gets a host and a command, as ssh does");
  request.remote_shell.front() = *path;
}

std::string joined(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + shell_quoted(word);
  return line;
}

std::string plan_text(const LaunchRequest& request, const Launcher::Program& program) {
  std::string command = joined(request.command);
  if (program.muster) command = shell_quoted(program.path) + " " + command;
  Table table({{"rank", Align::right}, {"host"}, {"local rank", Align::right}, {"command"}});
  for (const RankPlace& place : request.places)
    table.add_row({std::to_string(place.rank), place.host, std::to_string(place.local_rank), command});
  std::string text = fitted(table);
  if (!all_here(request))
    text += fmt::format("\nother hosts: through `{} HOST ...`, in the folder {}\n",
                        joined(request.remote_shell), std::filesystem::current_path().string());
  return text;
}

std::string store_address(const LaunchRequest& request) {
  if (!request.address.empty()) return request.address;
  for (const RankPlace& place : request.places)
    if (!place.here) return address_facing(place.host);
  return "127.0.0.1";
}

StoreServerOptions store_options(const LaunchRequest& request) {
  StoreServerOptions options;
  options.address = store_address(request);
  options.port = request.port;
  options.token = random_token();
  options.expected = request.ranks();
  options.min_members = request.min_workers;
  options.lease = std::chrono::milliseconds(static_cast<int64_t>(request.deadline * 1000));
  return options;
}

RunAddress run_address(const LaunchRequest& request, const StoreServerOptions& options, int port) {
  const RankPlace& first = request.places.front();
  RunAddress address;
  address.store = host_and_port(options.address, port);
  address.token = options.token;
  address.min_workers = options.min_members;
  address.master_address = first.here ? options.address : first.host.substr(first.host.find('@') + 1);
  address.master_port = free_port();
  return address;
}

void make_log_folder(const std::string& folder) {
  if (folder.empty()) return;
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  if (problem) throw FileError(fmt::format("cannot make the folder '{}': {}", folder, problem.message()));
}

}  // namespace

int launch_command(const Catalogue& catalogue, const std::vector<std::string>& words) {
  LaunchRequest request = read_launch_request(catalogue, words);
  if (request.help) {
    write_output(help_text(catalogue, launch_help()));
    return 0;
  }
  const Launcher::Program program = find_rank_program(catalogue, request);
  find_remote_shell(request);
  if (request.dry_run) {
    print_output("{}", plan_text(request, program));
    return 0;
  }
  make_log_folder(request.log_folder);
  HeldSignals signals;  // before the store's thread, which inherits the blocked signals
  const StoreServerOptions options = store_options(request);
  const StoreServer store(options);
  ResultWatch result({options.address, store.port(), options.token});
  Launcher launcher(request, program, run_address(request, options, store.port()), signals, result);
  const int code = launcher.run();
  const std::string given_up = store.status().given_up;
  if (code != 0 && !given_up.empty()) print_log("muster: the run was given up: {}\n", given_up);
  if (!result.missing().empty()) print_log("muster: {}{}\n", code > 128 ? "" : "error: ", result.missing());
  return code;
}

}  // namespace muster::inline app
