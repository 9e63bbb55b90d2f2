#include "muster/app/reproduce/claims.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <set>

#include "muster/app/reproduce/claim_row.h"
#include "muster/app/reproduce/claim_test.h"
#include "muster/base/error.h"

namespace muster::inline app {

namespace {

/// Small letters, digits, '_' and '-': a name that can be a folder's.
void check_name(const ClaimRow& row, const std::string& name) {
  const bool safe = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::islower(c) != 0 || std::isdigit(c) != 0 || c == '_' || c == '-';
  });
  if (!safe) row.fail("names a folder: small letters, digits, '_' and '-'");
}

ClaimRun read_run(const toml::table& table, const std::string& file) {
  const std::vector<std::string_view> keys = {"name", "words", "minutes", "seeds", "seeds_inside", "resumes"};
  const ClaimRow row(table, fmt::format("{}: a [[run]]", file), keys);
  ClaimRun run;
  run.name = row.text("name", true);
  const ClaimRow named(table, fmt::format("{}: run '{}'", file, run.name), keys);
  run.words = named.line("words", true);
  run.minutes = named.above_zero("minutes", 1);
  run.seeds = named.seeds("seeds");
  run.seeds_inside = static_cast<int64_t>(named.above_zero("seeds_inside", 1));
  run.resumes = named.truth("resumes");
  check_name(named, run.name);
  if (run.seeds.empty() == (run.words.find("{seed}") != std::string::npos))
    named.fail("must name its 'seeds', and {seed} in its 'words', or neither");
  return run;
}

Claim read_claim(const toml::table& table, const std::string& file) {
  std::vector<std::string_view> all = {"id", "claim", "where", "paper", "at_paper_scale"};
  all.insert(all.end(), claim_test_keys().begin(), claim_test_keys().end());
  const ClaimRow nameless(table, file + ": a [[claim]]", all);
  const ClaimRow row(table, fmt::format("{}: claim '{}'", file, nameless.text("id", true)), all);
  Claim claim;
  claim.id = row.text("id");
  claim.claim = row.line("claim", true);
  claim.where = row.line("where", true);
  claim.paper = row.line("paper");
  claim.small = read_claim_test(row);
  claim.original = claim.small;
  if (const toml::table* original = row.table("at_paper_scale"))
    claim.original = read_claim_test(ClaimRow(*original, row.name() + ", at_paper_scale", claim_test_keys()));
  return claim;
}

TuneArm read_tune(const toml::table& table, const std::string& file) {
  const std::vector<std::string_view> keys = {"name",  "words",  "setting", "grid",
                                              "seeds", "result", "best",    "minutes"};
  const ClaimRow nameless(table, file + ": a [[tune]]", keys);
  const ClaimRow row(table, fmt::format("{}: tune '{}'", file, nameless.text("name", true)), keys);
  TuneArm arm;
  arm.name = row.text("name");
  check_name(row, arm.name);
  arm.words = row.line("words", true);
  arm.setting = row.text("setting", true);
  arm.grid = row.numbers("grid");
  arm.seeds = row.seeds("seeds");
  arm.result = row.text("result", true);
  const std::string best = row.text("best", true);
  if (best != "least" && best != "most") row.fail("'best' must be least or most");
  arm.most = best == "most";
  arm.minutes = row.above_zero("minutes", 1);
  if (arm.grid.size() < 3 || !std::is_sorted(arm.grid.begin(), arm.grid.end()) ||
      std::adjacent_find(arm.grid.begin(), arm.grid.end()) != arm.grid.end() || arm.grid.front() <= 0)
    row.fail("'grid' must be three or more ascending numbers above 0");
  if (arm.seeds.size() < 2) row.fail("needs two or more 'seeds'");
  for (const char* mark : {"{seed}", "{value}"})
    if (arm.words.find(mark) == std::string::npos) row.fail(fmt::format("needs {} in its 'words'", mark));
  return arm;
}

}  // namespace

ClaimFile parse_claims(std::string_view text, const std::string& file) {
  toml::table table;
  try {
    table = toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    throw DataError(fmt::format("{}:{}: {}", file, error.source().begin.line, error.description()));
  }
  const ClaimRow row(table, file, {"name", "title", "run", "claim", "tune"});
  ClaimFile result{row.text("name", true), row.text("title", true), {}, {}, {}};
  std::set<std::string> ids;
  for (const toml::table* run : row.tables("run")) result.runs.push_back(read_run(*run, file));
  for (const toml::table* arm : row.tables("tune")) result.tunes.push_back(read_tune(*arm, file));
  for (const toml::table* one : row.tables("claim")) {
    Claim claim = read_claim(*one, file);
    const std::string owner = fmt::format("{}: claim '{}'", file, claim.id);
    if (!ids.insert(claim.id).second) throw DataError(owner + " is given twice");
    check_claim_test(claim.small, owner);
    check_claim_test(claim.original, owner + ", at_paper_scale");
    result.claims.push_back(std::move(claim));
  }
  return result;
}

}  // namespace muster::inline app
