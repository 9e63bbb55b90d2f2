#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "muster/app/commands/commands.h"
#include "muster/app/options/help.h"
#include "muster/app/options/input_text.h"
#include "muster/app/options/printed_configuration.h"
#include "muster/app/options/resolve.h"
#include "muster/app/options/resolve_async.h"
#include "muster/app/options/run_configuration.h"
#include "muster/app/options/simulation_options.h"
#include "muster/app/preview/simulation_result.h"
#include "muster/app/processes/engine_program.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/log.h"
#include "muster/base/output.h"
#include "muster/base/stopwatch.h"
#include "muster/report/summary_file.h"
#include "muster/report/whole_result.h"

namespace muster::inline app {

namespace {

ArrivalLine line_of(const EventSimulation::Arrival& arrival) {
  const Assignment& round = arrival.assignment;
  const RoundTimes& times = arrival.times;
  return {.worker = round.worker,
          .shard = round.shard,
          .steps = round.local_steps,
          .version = round.version,
          .staleness = arrival.staleness,
          .verdict = arrival.applied ? "counted" : "stale",
          .ready = arrival.ready_since,
          .start = times.start,
          .received = times.received,
          .computed = times.computed,
          .arrived = times.arrived,
          .loss = std::nullopt};
}

// Refuses a folder with files, so that no other run is overwritten.
void refuse_if_used(const RunSection& run) {
  std::error_code problem;
  if (run.resume || !std::filesystem::exists(*run.out, problem)) return;
  for (std::filesystem::directory_iterator at(*run.out, problem), end; !problem && at != end;
       at.increment(problem))
    if (at->path().filename() != ".lock")
      throw OptionError(
          "run.out", *run.out,
          "the folder is not empty: add --run.resume to start this run again in it, or choose another "
          "folder");
}

// A folder for the arrivals is made only on request: there may be millions.
std::optional<ArrivalsFile> arrivals_file(const RunSection& run) {
  if (!run.out) return std::nullopt;
  refuse_if_used(run);
  std::error_code problem;
  std::filesystem::create_directories(*run.out, problem);
  if (problem) throw FileError("cannot make the folder '" + *run.out + "': " + problem.message());
  return std::optional<ArrivalsFile>(std::in_place, *run.out + "/arrivals.jsonl");
}

void check_without_training(const Configuration& configuration) {
  if (!configuration.run.steps)
    throw OptionError("run.steps", "(not given)",
                      "--no-training needs it: the local steps of all workers together, such as 1000000");
  if (configuration.async.record)
    throw OptionError("async.record", *configuration.async.record,
                      "needs training: without it there are no contributions; leave it out");
}

int simulate_without_training(const Catalogue& catalogue, const Configuration& configuration, bool json) {
  check_without_training(configuration);
  const Stopwatch watch;
  std::optional<ArrivalsFile> arrivals = arrivals_file(configuration.run);
  EventSimulation simulation(simulation_options(configuration, 0), simulated_speeds(configuration));
  while (simulation.advance())
    if (arrivals) arrivals->write(line_of(simulation.newest()));
  if (arrivals) arrivals->flush();
  SimulationResult result{simulation.tally(), configuration, watch.seconds(), configuration.run.out};
  std::string text = simulation_json(catalogue, result, 2);
  if (configuration.run.out) {
    result.files = settle_files(*configuration.run.out, {"arrivals.jsonl"});
    text = write_summary(*configuration.run.out + "/summary.json", simulation_json(catalogue, result, 2));
  }
  write_output(json ? nlohmann::ordered_json::parse(text).dump() + "\n" : simulation_text(result));
  if (!result.finished()) throw nobody_left(result);
  return 0;
}

}  // namespace

SimulateRequest read_simulate_request(const Catalogue& catalogue, const std::vector<std::string>& words) {
  SimulateRequest request{parse_arguments(catalogue, words, simulate_help().flags, 1), {}, {}, {}};
  const Arguments& arguments = request.arguments;
  if (arguments.has("help")) return request;
  if (arguments.has("replay")) {
    const bool more = !arguments.positional.empty() || !arguments.settings.empty();
    if (more || arguments.has("no-training") || arguments.has("print-config"))
      throw OptionError("--replay", *arguments.flag("replay"),
                        "the file says all itself; leave the other settings out");
    return request;
  }
  const auto path = arguments.first();
  if (path) hold_input("CONFIG", configuration_file(*path));
  const Given given = read_given(catalogue, path, arguments.settings, Scope::simulation);
  request.resolution = resolve_given(catalogue, given, Scope::simulation);
  request.configuration = request.resolution.configuration;
  request.unused = unused_line(given.source, "muster simulate", request.resolution.unused);
  return request;
}

int simulate_command(const Catalogue& catalogue, const std::vector<std::string>& words) {
  const SimulateRequest request = read_simulate_request(catalogue, words);
  const Arguments& arguments = request.arguments;
  const bool json = arguments.has("json");
  if (arguments.has("help")) {
    write_output(help_text(catalogue, simulate_help()));
    return 0;
  }
  if (!request.unused.empty()) print_log("{}\n", request.unused);
  if (const auto text = printed_configuration(catalogue, arguments, request.resolution, Scope::simulation)) {
    write_output(*text);
    return 0;
  }
  if (!arguments.has("no-training")) hand_to_engine("simulate", words);
  return simulate_without_training(catalogue, request.configuration, json);
}

}  // namespace muster::inline app
