#include "muster/app/reproduce/reproduction_tune.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "muster/app/options/terminal_text.h"
#include "muster/app/processes/child_program.h"
#include "muster/app/reproduce/claim_files.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/format.h"
#include "muster/base/log.h"
#include "muster/base/output.h"
#include "muster/report/table.h"

namespace muster::inline app {

namespace {

constexpr int most_extensions = 6;

/// An arm with its grid, as extended so far.
struct Search {
  const TuneArm* arm = nullptr;
  std::vector<double> grid;
  std::optional<TunedArm> found;
};

std::string command_name(const TuneArm& arm, double value, int64_t seed) {
  return fmt::format("tune-{}-{}-{}", arm.name, value, seed);
}

std::string with(std::string text, const std::string& mark, const std::string& by) {
  for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + by.size()))
    text.replace(at, mark.size(), by);
  return text;
}

std::vector<Search> searches_of(const std::vector<ClaimFile>& files, const ReproduceRequest& request) {
  std::vector<Search> searches;
  for (const ClaimFile& file : files)
    if (is_asked_for(file, request.paper))
      for (const TuneArm& arm : file.tunes) searches.push_back({&arm, arm.grid, std::nullopt});
  return searches;
}

std::vector<PlannedCommand> all_commands(const std::vector<Search>& searches,
                                         const ReproduceRequest& request) {
  std::vector<PlannedCommand> commands;
  for (const Search& search : searches)
    for (PlannedCommand& command : tune_commands(*search.arm, search.grid, request))
      commands.push_back(std::move(command));
  std::stable_sort(commands.begin(), commands.end(),
                   [](const auto& a, const auto& b) { return a.minutes < b.minutes; });
  return commands;
}

std::string table_text(const std::vector<Search>& searches) {
  Table table({{"arm", Align::left},
               {"setting", Align::left},
               {"best", Align::right},
               {"result", Align::right},
               {"grid", Align::left}});
  for (const Search& search : searches) {
    const TunedArm& arm = *search.found;
    const size_t best = best_of(arm);
    table.add_row({arm.name, arm.setting, format_number(arm.value), format_number(arm.means[best], 4),
                   fmt::format("{} to {}{}", format_number(arm.grid.front()), format_number(arm.grid.back()),
                               is_inside(arm) ? "" : " (the best is on its edge)")});
  }
  return fitted(table);
}

int write_settings(const std::vector<Search>& searches, const ReproduceRequest& request) {
  std::vector<TunedArm> inside;
  std::string edge;
  for (const Search& search : searches) {
    if (is_inside(*search.found))
      inside.push_back(*search.found);
    else
      edge += (edge.empty() ? "" : ", ") + search.found->name;
  }
  const std::string path = request.folder + "/settings.toml";
  write_file_atomically(path, tuned_text(inside));
  write_output(table_text(searches));
  print_log("\nThe settings are in {}; claims read them from tuned/settings.toml in their folder\n", path);
  if (edge.empty()) return 0;
  throw DataError(fmt::format(
      "the best setting is still on the edge of the grid of {}: give [[tune]] a wider 'grid'", edge));
}

}  // namespace

std::vector<PlannedCommand> tune_commands(const TuneArm& arm, const std::vector<double>& grid,
                                          const ReproduceRequest& request) {
  std::vector<PlannedCommand> commands;
  for (const double value : grid)
    for (const int64_t seed : arm.seeds) {
      const std::string words =
          with(with(arm.words, "{value}", fmt::format("{}", value)), "{seed}", std::to_string(seed));
      commands.push_back(planned_command("tune-" + arm.name, command_name(arm, value, seed), words, request));
      commands.back().minutes = arm.minutes;
    }
  return commands;
}

TunedArm tuned_arm(const TuneArm& arm, const std::vector<double>& grid, const FinishedCommands& finished,
                   const ReproduceRequest& request) {
  TunedArm result{arm.name, arm.setting, 0, grid, {}, {}, arm.seeds, arm.most};
  for (const double value : grid) {
    std::vector<double> found;
    for (const PlannedCommand& command : tune_commands(arm, {value}, request)) {
      const FinishedCommand& done = finished.at(command.name);
      const double one = done.failure.empty() ? numbers_at(done.json, arm.result).at(0)
                                              : std::numeric_limits<double>::infinity();
      found.push_back(std::isfinite(one) ? one : std::numeric_limits<double>::infinity());
    }
    const std::vector<FigureValue> figure = {{"x", found, true}};
    result.means.push_back(evaluate("mean(x)", figure));
    const double error = evaluate("se(x)", figure);
    result.errors.push_back(std::isfinite(error) ? error : 0);
  }
  result.value = grid[best_of(result)];
  return result;
}

std::vector<double> extended_grid(const TunedArm& arm) {
  if (is_inside(arm)) return {};
  std::vector<double> grid = arm.grid;
  const auto rounded = [](double value) { return std::stod(fmt::format("{:.3g}", value)); };
  if (best_of(arm) == 0)
    grid.insert(grid.begin(), rounded(grid[0] * grid[0] / grid[1]));
  else
    grid.push_back(rounded(grid.back() * grid.back() / grid[grid.size() - 2]));
  return grid;
}

int tune(const ReproduceRequest& request) {
  const std::vector<ClaimFile> files = load_claims(request.claims);
  check_paper(files, request.paper);
  std::vector<Search> searches = searches_of(files, request);
  if (searches.empty())
    throw DataError(fmt::format("the claims of '{}' have no arm to tune ([[tune]])", request.paper));
  if (request.dry_run) {
    double minutes = 0;
    for (const PlannedCommand& command : all_commands(searches, request)) {
      write_output(command_text(command) + "\n");
      minutes += command.minutes;
    }
    write_output(fmt::format("# about {} of one core in all\n", format_duration(60 * minutes)));
    return 0;
  }
  make_folder(request.folder);
  const FolderClaim claim(request.folder);
  write_configurations(request.folder);
  HeldSignals signals;
  for (int extensions = 0; extensions <= most_extensions; ++extensions) {
    const FinishedCommands finished = run_commands(all_commands(searches, request), request, signals);
    if (const int signal = signals.asked_to_stop()) {
      print_log("stopped; finished runs are kept. Continue with the same command:\n  {}\n", request.command);
      return 128 + signal;
    }
    bool again = false;
    for (Search& search : searches) {
      search.found = tuned_arm(*search.arm, search.grid, finished, request);
      const std::vector<double> wider = extended_grid(*search.found);
      if (wider.empty() || extensions == most_extensions) continue;
      again = true;
      search.grid = wider;
      print_log("{}: the best is on the edge of the grid, which now goes from {} to {}\n", search.arm->name,
                format_number(wider.front()), format_number(wider.back()));
    }
    if (!again) break;
  }
  return write_settings(searches, request);
}

}  // namespace muster::inline app
