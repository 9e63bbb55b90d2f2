#include "muster/app/reproduce/claim_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "muster/app/reproduce/claim_seeds.h"
#include "muster/app/reproduce/embedded_files.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/nearest_word.h"
#include "muster/choice/value.h"

namespace muster::inline app {

namespace {

namespace fs = std::filesystem;

void check_names(const std::vector<ClaimFile>& files) {
  std::map<std::string, std::string> runs, claims, arms;
  for (const ClaimFile& file : files) {
    for (const ClaimRun& run : file.runs)
      if (!runs.emplace(run.name, file.name).second)
        throw DataError(fmt::format("two runs have the name '{}' (claims of '{}' and '{}')", run.name,
                                    runs[run.name], file.name));
    for (const Claim& claim : file.claims)
      if (!claims.emplace(claim.id, file.name).second)
        throw DataError(fmt::format("two claims have the id '{}'", claim.id));
    for (const TuneArm& arm : file.tunes)
      if (!arms.emplace(arm.name, file.name).second)
        throw DataError(fmt::format("two [[tune]] have the name '{}'", arm.name));
  }
}

void check_seeds(const std::vector<ClaimFile>& files) {
  const RunsByName runs = runs_by_name(files);
  for (const ClaimFile& file : files)
    for (const Claim& claim : file.claims)
      for (const ClaimTest* test : {&claim.small, &claim.original})
        for (const ClaimPart& part : test->parts)
          seeds_of(part, *test, runs, fmt::format("claim '{}'", claim.id));
}

/// A paper's name however its words are joined.
std::string plain_name(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

}  // namespace

std::vector<ClaimFile> load_claims(const std::optional<std::string>& folder) {
  std::vector<ClaimFile> files;
  if (!folder) {
    for (const EmbeddedFile& file : embedded_files())
      if (file.path.starts_with("reproduce/") && file.path.find('/', 10) == std::string_view::npos)
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
  check_seeds(files);
  return files;
}

bool is_asked_for(const ClaimFile& file, const std::string& paper) {
  return paper == "all" || plain_name(paper) == plain_name(file.name);
}

void check_paper(const std::vector<ClaimFile>& files, const std::string& paper) {
  std::vector<std::string> names = {"all"};
  for (const ClaimFile& file : files) names.push_back(file.name);
  if (std::any_of(files.begin(), files.end(), [&](const auto& file) { return is_asked_for(file, paper); }))
    return;
  const std::string nearest = nearest_word(paper, names);
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  throw OptionError("reproduce", shown(paper),
                    nearest.empty() ? "must be one of " + all
                                    : fmt::format("is none of {}; did you mean {}?", all, nearest));
}

}  // namespace muster::inline app
