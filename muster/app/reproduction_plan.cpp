#include "muster/app/reproduction_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <utility>

#include "muster/app/embedded_files.h"
#include "muster/app/engine_program.h"
#include "muster/app/hosts_file.h"
#include "muster/app/resolve.h"
#include "muster/app/value.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/nearest_word.h"
#include "muster/report/html_text.h"

namespace muster {

namespace {

namespace fs = std::filesystem;

std::string replaced(std::string text, const std::string& mark, const std::string& with) {
  for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + with.size()))
    text.replace(at, mark.size(), with);
  return text;
}

bool has_engine() {
  try {
    engine_path();
    return true;
  } catch (const Error&) {
    return false;
  }
}

/// 0 where there is none.
int64_t number_behind(const std::string& need, size_t prefix) {
  int64_t number = 0;
  std::from_chars(need.data() + prefix, need.data() + need.size(), number);
  return number;
}

/// What of a need is not there, as a person would say it; "" where it is met.
std::string missing(const std::string& need, const ReproduceRequest& request) {
  if (need == "engine") return has_engine() ? "" : "muster-engine (a build with LibTorch)";
  if (need.starts_with("data:")) {
    const std::string name = need.substr(5);
    if (request.data && is_there(*request.data + "/" + name)) return "";
    return fmt::format("'{}' in the folder of --data", name);
  }
  if (need.starts_with("cores:")) {
    const int64_t cores = number_behind(need, 6);
    return cores > 0 && usable_cores() >= cores ? "" : fmt::format("{} cores", need.substr(6));
  }
  if (need.starts_with("workers:")) {
    const int64_t workers = number_behind(need, 8);
    int64_t slots = 0;
    if (request.hosts)
      for (const HostSlots& host : parse_hosts(read_file(*request.hosts), *request.hosts))
        slots += host.slots;
    return workers > 0 && slots >= workers ? ""
                                           : fmt::format("{} slots in the file of --hosts", need.substr(8));
  }
  return need;  // hardware that no program can see from here
}

std::string all_missing(const ClaimTest& test, const ReproduceRequest& request) {
  std::string text;
  for (const std::string& need : test.needs)
    if (const std::string one = missing(need, request); !one.empty())
      text += (text.empty() ? "" : "; ") + one;
  return text;
}

const ClaimRun& find_run(const std::vector<ClaimFile>& files, const std::string& name,
                         const std::string& claim) {
  for (const ClaimFile& file : files)
    for (const ClaimRun& run : file.runs)
      if (run.name == name) return run;
  throw DataError(fmt::format("claim '{}' reads a run '{}', which no claims file has", claim, name));
}

void check_names(const std::vector<ClaimFile>& files) {
  std::map<std::string, std::string> runs, claims;
  for (const ClaimFile& file : files) {
    for (const ClaimRun& run : file.runs)
      if (!runs.emplace(run.name, file.name).second)
        throw DataError(fmt::format("two runs have the name '{}' (claims of '{}' and '{}')", run.name,
                                    runs[run.name], file.name));
    for (const Claim& claim : file.claims)
      if (!claims.emplace(claim.id, file.name).second)
        throw DataError(fmt::format("two claims have the id '{}'", claim.id));
  }
}

PlannedCommand command_of(const ClaimRun& run, const std::optional<int64_t>& seed,
                          const ReproduceRequest& request) {
  PlannedCommand command{run.name, run.name, {}, run.minutes, run.resumes};
  if (seed) command.name += fmt::format("-{}", *seed);
  for (std::string word : split_words(run.words)) {
    word = replaced(word, "{seed}", seed ? std::to_string(*seed) : "");
    word = replaced(word, "{out}", fmt::format("{}/runs/{}/files", request.folder, command.name));
    word = replaced(word, "{configs}", request.folder + "/configs");
    word = replaced(word, "{data}", request.data.value_or("DATA"));
    word = replaced(word, "{hosts}", request.hosts.value_or("HOSTS"));
    command.words.push_back(std::move(word));
  }
  command.words.emplace_back("--json");
  return command;
}

std::vector<PlannedCommand> commands_of(const ClaimRun& run, const ReproduceRequest& request) {
  std::vector<PlannedCommand> commands;
  if (run.seeds.empty()) commands.push_back(command_of(run, std::nullopt, request));
  for (const int64_t seed : run.seeds) commands.push_back(command_of(run, seed, request));
  return commands;
}

PlannedClaim plan_claim(ReproductionPlan& plan, const ClaimFile& file, const Claim& claim,
                        const ReproduceRequest& request) {
  const ClaimTest& test = request.paper_scale ? claim.original : claim.small;
  PlannedClaim planned{&file, &claim, &test, all_missing(test, request), {}};
  if (!planned.missing.empty()) planned.by_hand = test.commands;
  for (const std::string& name : runs_of(test)) {
    const ClaimRun& run = find_run(plan.files, name, claim.id);
    const bool there = std::any_of(plan.commands.begin(), plan.commands.end(),
                                   [&](const auto& command) { return command.run == name; });
    for (PlannedCommand& command : commands_of(run, request)) {
      if (!planned.missing.empty())
        planned.by_hand.push_back(command_text(command));
      else if (!there)
        plan.commands.push_back(std::move(command));
    }
  }
  return planned;
}

}  // namespace

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

std::vector<ClaimFile> load_claims(const std::optional<std::string>& folder) {
  std::vector<ClaimFile> files;
  if (!folder) {
    for (const EmbeddedFile& file : embedded_files())
      if (file.path.starts_with("reproduce/"))
        files.push_back(parse_claims(file.text, std::string(file.path)));
  } else {
    std::error_code problem;
    std::vector<std::string> paths;
    for (const auto& entry : fs::directory_iterator(*folder, problem))
      if (entry.path().extension() == ".toml") paths.push_back(entry.path().string());
    if (problem) throw FileError(fmt::format("cannot read the folder '{}': {}", *folder, problem.message()));
    if (paths.empty()) throw DataError(fmt::format("'{}' holds no *.toml with claims", *folder));
    std::sort(paths.begin(), paths.end());
    for (const std::string& path : paths) files.push_back(parse_claims(read_file(path), path));
  }
  check_names(files);
  return files;
}

ReproductionPlan plan_reproduction(const ReproduceRequest& request) {
  ReproductionPlan plan;
  plan.files = load_claims(request.claims);
  std::vector<std::string> names = {"all"};
  for (const ClaimFile& file : plan.files) names.push_back(file.name);
  if (std::find(names.begin(), names.end(), request.paper) == names.end()) {
    const std::string nearest = nearest_word(request.paper, names);
    std::string all;
    for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
    throw OptionError("reproduce", shown(request.paper),
                      nearest.empty() ? "must be one of " + all
                                      : fmt::format("is none of {}; did you mean {}?", all, nearest));
  }
  for (const ClaimFile& file : plan.files) {
    if (request.paper != "all" && request.paper != file.name) continue;
    for (const Claim& claim : file.claims) plan.claims.push_back(plan_claim(plan, file, claim, request));
  }
  std::stable_sort(plan.commands.begin(), plan.commands.end(),
                   [](const auto& a, const auto& b) { return a.minutes > b.minutes; });
  return plan;
}

std::string command_text(const PlannedCommand& command) {
  std::string text = "muster";
  for (const std::string& word : command.words) text += " " + shell_quoted(word);
  return text;
}

void write_configurations(const std::string& folder) {
  for (const EmbeddedFile& file : embedded_files()) {
    if (!file.path.starts_with("configs/")) continue;
    const std::string path = fmt::format("{}/{}", folder, file.path);
    std::error_code problem;
    fs::create_directories(fs::path(path).parent_path(), problem);
    if (problem) throw FileError(fmt::format("cannot make the folder of '{}': {}", path, problem.message()));
    write_file_atomically(path, file.text);
  }
}

}  // namespace muster
