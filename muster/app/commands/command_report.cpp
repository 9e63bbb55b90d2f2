#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "muster/app/commands/commands.h"
#include "muster/app/compare/comparison_result.h"
#include "muster/app/keys/configuration_json.h"
#include "muster/app/options/help.h"
#include "muster/app/options/network_flags.h"
#include "muster/app/options/resolve.h"
#include "muster/app/options/terminal_text.h"
#include "muster/app/preview/async_report.h"
#include "muster/app/preview/page_time.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/output.h"
#include "muster/choice/value.h"
#include "muster/report/answer.h"
#include "muster/report/html_text.h"
#include "muster/report/report_page.h"

namespace muster::inline app {

namespace {

namespace fs = std::filesystem;

bool is_run(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / "config.toml", ignored) || fs::exists(folder / "metrics.jsonl", ignored) ||
         fs::exists(folder / "summary.json", ignored) || is_async_run(folder);
}

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> folders;
  std::error_code problem;
  for (const auto& entry : fs::directory_iterator(folder, problem))
    if (entry.is_directory(problem)) folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end());
  return folders;
}

// A run, or the runs in the folders below (a comparison's are DIR/ARM/seed-N).
std::vector<fs::path> runs_below(const fs::path& folder, int depth) {
  if (is_run(folder)) return {folder};
  std::vector<fs::path> runs;
  if (depth == 0) return runs;
  for (const fs::path& inner : folders_in(folder))
    for (fs::path& run : runs_below(inner, depth - 1)) runs.push_back(std::move(run));
  return runs;
}

fs::path plain_path(const std::string& text) {
  fs::path path = fs::path(text).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

RunHistory read_run(const Catalogue& catalogue, const fs::path& folder) {
  RunHistory run = read_run_history(folder.string());
  const fs::path file = folder / "config.toml";
  if (!run.finished && is_there(file.string()))
    set_configuration(run,
                      flat_configuration(configuration_json(catalogue, resolve(catalogue, file.string(), {})),
                                         file.string()));
  // Runs of a comparison are named by their arm, all others by their folder.
  const bool seeded = folder.filename().string().starts_with("seed-") && folder.has_parent_path();
  run.arm = (seeded ? fs::absolute(folder).parent_path() : fs::absolute(folder)).filename().string();
  return run;
}

/// What the named folders hold, as arms.
struct Found {
  std::vector<Arm> arms;
  std::vector<std::string> commands;
  std::optional<Network> network;
  std::optional<double> margin;  ///< of the comparison, where it is the only folder named
};

void add_run(std::vector<Arm>& arms, size_t first_own, RunHistory run, const std::string& name) {
  const bool seeded = fs::path(run.folder).filename().string().starts_with("seed-");
  const auto parent = [](const RunHistory& one) { return fs::path(one.folder).parent_path(); };
  for (size_t i = first_own; seeded && i < arms.size(); ++i)
    if (arms[i].name == name && parent(arms[i].runs.front()) == parent(run))
      return arms[i].runs.push_back(std::move(run));
  arms.push_back({name, {std::move(run)}});
}

void sort_as(std::vector<Arm>& arms, size_t first, const std::vector<std::string>& order) {
  const auto place = [&](const Arm& arm) {
    return std::find(order.begin(), order.end(), arm.name) - order.begin();
  };
  std::stable_sort(arms.begin() + static_cast<std::ptrdiff_t>(first), arms.end(),
                   [&](const Arm& one, const Arm& other) { return place(one) < place(other); });
}

std::vector<fs::path> runs_of(const std::string& text) {
  std::error_code unreadable;  // then it is no folder, as the message says
  const fs::path folder = plain_path(text);
  if (!fs::is_directory(folder, unreadable))
    throw OptionError("RUN_DIR", shown(text),
                      "there is no such folder; give a folder that muster train or compare wrote");
  constexpr int deepest = 8;
  auto runs = runs_below(folder, deepest);
  if (runs.empty())
    throw OptionError("RUN_DIR", shown(text),
                      "holds no run (config.toml, metrics.jsonl); give a folder that muster "
                      "train or compare wrote");
  return runs;
}

/// The folders of all runs in the named ones, by kind.
struct RunFolders {
  std::vector<fs::path> lockstep, asynchronous;
};

RunFolders folders_of_runs(const std::vector<std::string>& folders) {
  RunFolders found;
  for (const std::string& text : folders)
    for (const fs::path& run : runs_of(text))
      (is_async_run(run) ? found.asynchronous : found.lockstep).push_back(run);
  return found;
}

/// Asynchronous runs have a page of their own, beside that of the others.
std::string async_page_beside(const std::string& page) {
  const fs::path path(page);
  return (path.parent_path() / (path.stem().string() + "-async" + path.extension().string())).string();
}

int async_report(const Catalogue& catalogue, const Arguments& arguments, const std::vector<fs::path>& folders,
                 const std::string& page) {
  const AsyncReportInput input = read_async_runs(catalogue, folders);
  write_file_atomically(page, async_page(input));
  if (arguments.has("json")) {
    write_output(async_report_json(input.runs) + "\n");
    return 0;
  }
  print_output("{}\n", fitted(async_table(input.runs)));
  for (const std::string& sentence : async_answer(input.runs)) print_output("{}\n", sentence);
  print_output("The report is {}\n", page);
  return 0;
}

void add_folder(const Catalogue& catalogue, Found& found, const std::string& text) {
  const fs::path folder = plain_path(text);
  const auto runs = runs_of(text);
  const size_t first = found.arms.size();
  const auto note = read_comparison_note(folder.string());
  for (const fs::path& path : runs) {
    if (is_async_run(path)) continue;
    RunHistory run = read_run(catalogue, path);
    if (!note)
      found.commands.push_back(fmt::format("muster train {} --run.out NEW_FOLDER --run.resume=false",
                                           shell_quoted((path / "config.toml").string())));
    const std::string name = run.arm;
    add_run(found.arms, first, std::move(run), name);
  }
  if (!note) return;
  found.commands.push_back(note->command);
  sort_as(found.arms, first, note->arms);
  if (!found.network) found.network = note->network;
  if (first == 0) found.margin = note->margin;
}

// Arms of different folders may have the same name: these are called by their paths.
void make_names_unique(std::vector<Arm>& arms) {
  std::multiset<std::string> names;
  for (const Arm& arm : arms) names.insert(arm.name);
  for (Arm& arm : arms) {
    if (names.count(arm.name) == 1) continue;
    fs::path path = plain_path(arm.runs.front().folder);
    if (path.filename().string().starts_with("seed-")) path = path.parent_path();
    arm.name = path.string();
  }
}

std::string title_of(const std::vector<Arm>& arms) {
  if (arms.size() == 1) return fmt::format("Run {}", arms.front().name);
  if (arms.size() > 6) return fmt::format("{} compared", plural(arms.size(), "run"));
  std::vector<std::string> names;
  for (const Arm& arm : arms) names.push_back(arm.name);
  return fmt::format("Comparison of {}", fmt::join(names, ", "));
}

std::string default_page(const std::vector<std::string>& folders) {
  return folders.size() == 1 ? (plain_path(folders.front()) / "report.html").string() : "report.html";
}

}  // namespace

int report_command(const Catalogue& catalogue, const std::vector<std::string>& words) {
  constexpr size_t most_folders = 1000;
  const Arguments arguments = parse_arguments(catalogue, words, report_help().flags, most_folders);
  if (arguments.has("help")) {
    write_output(help_text(catalogue, report_help()));
    return 0;
  }
  if (!arguments.settings.empty())
    throw OptionError(arguments.settings.front().name, shown(arguments.settings.front().text),
                      "has no use in a report: the runs have their settings");
  if (arguments.positional.empty())
    throw OptionError("RUN_DIR", "(none)",
                      "name the folder of a run or of a comparison: muster report runs/demo");
  const std::string page = arguments.flag("out").value_or(default_page(arguments.positional));
  const RunFolders folders = folders_of_runs(arguments.positional);
  if (folders.lockstep.empty()) return async_report(catalogue, arguments, folders.asynchronous, page);
  if (!folders.asynchronous.empty() && arguments.has("json"))
    throw OptionError("--json", "(given)",
                      "asynchronous runs and others do not fit into one object; report them separately");
  Found found;
  for (const std::string& folder : arguments.positional) add_folder(catalogue, found, folder);
  make_names_unique(found.arms);
  if (arguments.positional.size() > 1) found.margin.reset();
  if (const auto network = network_of(arguments)) found.network = network;
  write_file_atomically(page, report_page({title_of(found.arms), found.arms, found.network, found.margin,
                                           found.commands, time_now()}));
  if (arguments.has("json")) {
    write_output(comparison_json({arguments.positional.front(), found.commands.front(), found.arms,
                                  found.network, found.margin}) +
                 "\n");
    return 0;
  }
  print_output(
      "{}\nThe report is {}\n",
      answer(arm_results(found.arms, found.network), quality_of(found.arms), found.network, found.margin)
          .text(),
      page);
  if (folders.asynchronous.empty()) return 0;
  print_output("\n");
  return async_report(catalogue, arguments, folders.asynchronous, async_page_beside(page));
}

}  // namespace muster::inline app
