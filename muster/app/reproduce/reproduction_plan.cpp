#include "muster/app/reproduce/reproduction_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "muster/app/reproduce/claim_files.h"
#include "muster/app/reproduce/claim_needs.h"
#include "muster/app/reproduce/claim_seeds.h"
#include "muster/app/reproduce/embedded_files.h"
#include "muster/app/reproduce/tuned_settings.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/choice/value.h"
#include "muster/report/html_text.h"

namespace muster::inline app {

namespace {

namespace fs = std::filesystem;

std::string replaced(std::string text, const std::string& mark, const std::string& with) {
  for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + with.size()))
    text.replace(at, mark.size(), with);
  return text;
}

const ClaimRun& find_run(const RunsByName& runs, const std::string& name, const std::string& claim) {
  const auto found = runs.find(name);
  if (found == runs.end())
    throw DataError(fmt::format("claim '{}' reads a run '{}', which no claims file has", claim, name));
  return *found->second;
}

/// Words with {out} and the like filled in.
std::string with_folders(std::string words, const std::string& out, const ReproduceRequest& request) {
  words = replaced(std::move(words), "{out}", out);
  words = replaced(std::move(words), "{configs}", request.folder + "/configs");
  words = replaced(std::move(words), "{data}", request.data.value_or("DATA"));
  return replaced(std::move(words), "{hosts}", request.hosts.value_or("HOSTS"));
}

/// Settings that --tune has found, as texts for the words of commands; what is not tuned yet is missing.
std::map<std::string, std::string> tuned_values(const ReproduceRequest& request) {
  std::map<std::string, std::string> values;
  for (const TunedArm& arm : load_tuned(request.claims)) values[arm.name] = fmt::format("{}", arm.value);
  return values;
}

/// Fills in every {tuned:ARM}; returns the first ARM that has no value, or "".
std::string fill_tuned(std::string& words, const std::map<std::string, std::string>& tuned) {
  constexpr std::string_view mark = "{tuned:";
  for (size_t at = words.find(mark); at != std::string::npos; at = words.find(mark)) {
    const size_t end = words.find('}', at);
    if (end == std::string::npos)
      throw DataError(fmt::format("'{{tuned:' does not end in: {}", shown(words)));
    const std::string arm = words.substr(at + mark.size(), end - at - mark.size());
    const auto found = tuned.find(arm);
    if (found == tuned.end()) return arm;
    words.replace(at, end + 1 - at, found->second);
  }
  return "";
}

void add_inputs(PlannedCommand& command, const std::string& word, const std::string& mark,
                const std::string& folder) {
  for (size_t at = word.find(mark); at != std::string::npos; at = word.find(mark, at + 1)) {
    const size_t begin = at + mark.size();
    const std::string name = word.substr(begin, word.find(' ', begin) - begin);
    command.inputs[mark.substr(1, mark.size() - 2) + name] = folder + name;
  }
}

std::vector<PlannedCommand> commands_of(const ClaimRun& run, const std::string& words,
                                        const ReproduceRequest& request) {
  std::vector<PlannedCommand> commands;
  const auto add = [&](const std::string& name, const std::string& seed) {
    commands.push_back(planned_command(run.name, name, replaced(words, "{seed}", seed), request));
    commands.back().minutes = run.minutes;
    commands.back().resumes = run.resumes;
  };
  if (run.seeds.empty()) add(run.name, "");
  for (const int64_t seed : run.seeds) add(fmt::format("{}-{}", run.name, seed), std::to_string(seed));
  return commands;
}

/// Claims of the plan with the commands of each.
class Planner {
 public:
  Planner(ReproductionPlan& plan, const ReproduceRequest& request)
      : plan_(plan), request_(request), runs_(runs_by_name(plan.files)), tuned_(tuned_values(request)) {}

  void add(const ClaimFile& file, const Claim& claim) {
    const ClaimTest& test = request_.paper_scale ? claim.original : claim.small;
    PlannedClaim planned{&file, &claim, &test, missing_needs(test, request_), {}, 0, {}};
    std::vector<PlannedCommand> commands;
    bool tuned = true;
    for (const std::string& name : runs_of(test)) {
      const ClaimRun& run = find_run(runs_, name, claim.id);
      std::string words = run.words;
      if (const std::string arm = fill_tuned(words, tuned_); !arm.empty()) {
        planned.missing +=
            fmt::format("{}the best setting of '{}'", planned.missing.empty() ? "" : "; ", arm);
        tuned = false;
      }
      const std::vector<PlannedCommand> those = commands_of(run, words, request_);
      for (const PlannedCommand& command : those) planned.minutes += command.minutes;
      commands.insert(commands.end(), those.begin(), those.end());
    }
    for (const ClaimPart& part : test.parts) planned.seeds.push_back(seeds_of(part, test, runs_, claim.id));
    if (!tuned)
      planned.by_hand = {fmt::format("muster reproduce {} --tune", file.name)};
    else if (!planned.missing.empty())
      planned.by_hand = by_hand(test, commands);
    plan_.claims.push_back(std::move(planned));
    commands_.push_back(std::move(commands));
  }

  /// Puts the claims of each paper, and the commands of all, in the order of their costs.
  void order() {
    std::vector<size_t> cheapest(plan_.claims.size());
    std::iota(cheapest.begin(), cheapest.end(), size_t{0});
    std::stable_sort(cheapest.begin(), cheapest.end(),
                     [&](size_t a, size_t b) { return plan_.claims[a].minutes < plan_.claims[b].minutes; });
    std::set<std::string> there;
    for (const size_t at : cheapest) {
      if (!plan_.claims[at].missing.empty()) continue;
      for (PlannedCommand& command : commands_[at])
        if (there.insert(command.name).second) plan_.commands.push_back(std::move(command));
    }
    std::stable_sort(plan_.claims.begin(), plan_.claims.end(), [](const auto& a, const auto& b) {
      return a.file != b.file ? a.file < b.file : a.minutes < b.minutes;
    });
  }

 private:
  /// For the first seed of each run.
  std::vector<std::string> by_hand(const ClaimTest& test, const std::vector<PlannedCommand>& commands) const {
    std::vector<std::string> texts;
    for (const std::string& command : test.commands) {
      const std::string text = replaced(command, "{configs}", shell_quoted(request_.folder + "/configs"));
      texts.push_back(replaced(text, "{data}", shell_quoted(request_.data.value_or("DATA"))));
    }
    std::set<std::string> runs;
    for (const PlannedCommand& command : commands)
      if (runs.insert(command.run).second) texts.push_back(command_text(command));
    return texts;
  }

  ReproductionPlan& plan_;
  const ReproduceRequest& request_;
  RunsByName runs_;
  std::map<std::string, std::string> tuned_;
  std::vector<std::vector<PlannedCommand>> commands_;  ///< of each claim of the plan
};

}  // namespace

PlannedCommand planned_command(const std::string& run, const std::string& name, const std::string& words,
                               const ReproduceRequest& request) {
  PlannedCommand command{run, name, {}, 1, false, {}, {}};
  for (const std::string& word : split_words(words)) {
    command.kept_by.push_back(word);
    add_inputs(command, word, "{configs}", request.folder + "/configs");
    if (request.data) add_inputs(command, word, "{data}", *request.data);
    if (request.hosts) add_inputs(command, word, "{hosts}", *request.hosts);
    command.words.push_back(
        with_folders(word, fmt::format("{}/runs/{}/files", request.folder, name), request));
  }
  command.words.emplace_back("--json");
  return command;
}

std::vector<std::string> split_words(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  bool inside = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ' ') {
      if (inside) words.push_back(std::exchange(word, {}));
      inside = false;
      continue;
    }
    inside = true;
    if (text[i] != '\'' && text[i] != '"') {
      word += text[i];
      continue;
    }
    const size_t end = text.find(text[i], i + 1);
    if (end == std::string::npos) throw DataError(fmt::format("a quote does not end in: {}", shown(text)));
    word += text.substr(i + 1, end - i - 1);
    i = end;
  }
  if (inside) words.push_back(word);
  return words;
}

ReproductionPlan plan_reproduction(const ReproduceRequest& request) {
  ReproductionPlan plan;
  plan.files = load_claims(request.claims);
  check_paper(plan.files, request.paper);
  Planner planner(plan, request);
  for (const ClaimFile& file : plan.files)
    if (is_asked_for(file, request.paper))
      for (const Claim& claim : file.claims) planner.add(file, claim);
  planner.order();
  return plan;
}

std::string command_text(const PlannedCommand& command) {
  std::string text = "muster";
  for (const std::string& word : command.words) text += " " + shell_quoted(word);
  return text;
}

void make_folder(const std::string& folder) {
  std::error_code problem;
  fs::create_directories(folder, problem);
  if (problem) throw FileError(fmt::format("cannot make the folder '{}': {}", folder, problem.message()));
}

void write_configurations(const std::string& folder) {
  for (const EmbeddedFile& file : embedded_files()) {
    if (!file.path.starts_with("configs/")) continue;
    const std::string path = fmt::format("{}/{}", folder, file.path);
    make_folder(fs::path(path).parent_path().string());
    write_file_atomically(path, file.text);
  }
}

}  // namespace muster::inline app
