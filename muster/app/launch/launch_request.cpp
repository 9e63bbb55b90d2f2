#include "muster/app/launch/launch_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "muster/app/options/arguments.h"
#include "muster/app/options/flag_reader.h"
#include "muster/app/options/help.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/choice/value.h"
#include "muster/rendezvous/launcher_variables.h"

namespace muster::inline app {

namespace {

constexpr int most_processes = 4096;
constexpr const char* example = "muster launch -n 4 -- train config.toml";

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

int whole(const FlagReader& flags, const char* flag, int64_t least, int64_t most, int64_t otherwise) {
  return static_cast<int>(flags.integer(flag, least, most).value_or(otherwise));
}

double seconds(const FlagReader& flags, const char* flag, double least, double otherwise) {
  constexpr double most = 86400;
  return flags.real_within(flag, least, most, "seconds").value_or(otherwise);
}

Arguments own_arguments(const Catalogue& catalogue, const std::vector<std::string>& words) {
  constexpr size_t any_number = 1000;
  const Arguments arguments = parse_arguments(catalogue, words, launch_help().flags, any_number);
  if (!arguments.settings.empty())
    throw OptionError(arguments.settings.front().name, shown(arguments.settings.front().text),
                      fmt::format("belongs to the command behind --, as in {}", example));
  if (!arguments.positional.empty())
    throw OptionError("command line", shown(arguments.positional.front()),
                      fmt::format("the command comes after --, as in {}", example));
  return arguments;
}

std::vector<RankPlace> places_of(const Arguments& arguments, int processes) {
  const auto hosts = arguments.flag("hosts");
  if (hosts) return place_ranks(parse_hosts(read_file(*hosts), *hosts), processes, *hosts);
  if (processes == 0)
    throw OptionError("-n", "(not given)",
                      fmt::format("give the number of processes, as in {}, or give --hosts FILE", example));
  return place_here(processes);
}

void check_elastic(const LaunchRequest& request) {
  if (request.restarts > 0 && request.min_workers == request.ranks())
    throw OptionError("--restarts", std::to_string(request.restarts),
                      request.ranks() == 1
                          ? "a run of one process has no other to rejoin; muster train --run.resume goes "
                            "on from its checkpoint"
                          : fmt::format("a process can come back into an elastic run only; use --min-workers "
                                        "from 1 to {}",
                                        request.ranks() - 1));
}

void check_address(const std::string& address) {
  if (address == "0.0.0.0" || address == "::" || address == "*")
    throw OptionError("--address", address,
                      "is no address that a host could reach; give one of this machine");
}

}  // namespace

LaunchRequest read_launch_request(const Catalogue& catalogue, const std::vector<std::string>& words) {
  const auto divider = std::find(words.begin(), words.end(), "--");
  const Arguments arguments = own_arguments(catalogue, {words.begin(), divider});
  LaunchRequest request;
  request.help = arguments.has("help");
  if (request.help) return request;
  const FlagReader flags(arguments);
  const auto processes = static_cast<int>(flags.integer("processes", 1, most_processes, "-n").value_or(0));
  request.restarts = whole(flags, "restarts", 0, 1'000'000, 0);
  request.deadline = seconds(flags, "deadline", 0.1, request.deadline);
  request.grace = seconds(flags, "grace", 0, request.grace);
  request.address = without_brackets(flags.text("address").value_or(""));
  check_address(request.address);
  request.port = whole(flags, "port", 1, 65535, 0);
  request.log_folder = flags.text("log-dir").value_or("");
  request.remote_shell =
      words_of(flags.text("ssh").value_or("ssh -o BatchMode=yes -o ServerAliveInterval=10"));
  if (request.remote_shell.empty())
    throw OptionError("--ssh", "' '", "must be a program that gets a host and a command, such as ssh");
  request.dry_run = arguments.has("dry-run");
  request.places = places_of(arguments, processes);
  if (request.ranks() > most_processes)
    throw OptionError(
        "--hosts", arguments.flag("hosts").value_or(""),
        fmt::format("has {} slots; at most {} are launched: use -n", request.ranks(), most_processes));
  request.min_workers = whole(flags, "min-workers", 1, request.ranks(), request.ranks());
  check_elastic(request);
  if (divider != words.end()) request.command.assign(divider + 1, words.end());
  if (request.command.empty())
    throw OptionError("command", "(none)", fmt::format("name one behind --, as in {}", example));
  return request;
}

}  // namespace muster::inline app
