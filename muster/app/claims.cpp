#include "muster/app/claims.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <initializer_list>
#include <set>

#include "muster/app/claim_expression.h"
#include "muster/base/error.h"

namespace muster {

namespace {

/// A table whose keys are all known; errors name the row.
class Row {
 public:
  Row(const toml::table& table, std::string name, std::initializer_list<std::string_view> keys)
      : table_(table), name_(std::move(name)) {
    for (const auto& [key, value] : table)
      if (std::find(keys.begin(), keys.end(), key.str()) == keys.end())
        fail(fmt::format("has a key '{}' that means nothing here", key.str()));
  }

  [[noreturn]] void fail(const std::string& problem) const { throw DataError(name_ + " " + problem); }
  const std::string& name() const { return name_; }

  std::string text(std::string_view key, bool needed = false) const {
    const auto node = table_[key];
    if (!node && needed) fail(fmt::format("needs '{}'", key));
    if (!node) return {};
    const auto value = node.value_exact<std::string>();
    if (!value) fail(fmt::format("'{}' must be a text", key));
    if (needed && value->empty()) fail(fmt::format("'{}' must not be empty", key));
    return *value;
  }

  double number(std::string_view key, double otherwise) const {
    const auto node = table_[key];
    if (!node) return otherwise;
    const auto value = node.value<double>();
    if (!value || !(*value > 0)) fail(fmt::format("'{}' must be a number above 0", key));
    return *value;
  }

  bool truth(std::string_view key) const { return table_[key].value_or(false); }

  std::vector<std::string> texts(std::string_view key) const {
    std::vector<std::string> result;
    for (const toml::node& node : list(key)) {
      const auto value = node.value_exact<std::string>();
      if (!value) fail(fmt::format("'{}' must be a list of texts", key));
      result.push_back(*value);
    }
    return result;
  }

  std::vector<int64_t> integers(std::string_view key) const {
    std::vector<int64_t> result;
    for (const toml::node& node : list(key)) {
      const auto value = node.value_exact<int64_t>();
      if (!value) fail(fmt::format("'{}' must be a list of whole numbers", key));
      result.push_back(*value);
    }
    return result;
  }

  std::vector<const toml::table*> tables(std::string_view key) const {
    std::vector<const toml::table*> result;
    for (const toml::node& node : list(key)) {
      if (!node.as_table()) fail(fmt::format("'{}' must be a list of tables", key));
      result.push_back(node.as_table());
    }
    return result;
  }

  const toml::table* table(std::string_view key) const { return table_[key].as_table(); }

 private:
  const toml::array& list(std::string_view key) const {
    static const toml::array none;
    const auto node = table_[key];
    if (!node) return none;
    if (!node.as_array()) fail(fmt::format("'{}' must be a list", key));
    return *node.as_array();
  }

  const toml::table& table_;
  std::string name_;
};

std::string one_line(std::string text) {
  std::string result;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!blank)
      result += c;
    else if (!result.empty() && result.back() != ' ')
      result += ' ';
  }
  while (!result.empty() && result.back() == ' ') result.pop_back();
  return result;
}

ClaimRun read_run(const toml::table& table, const std::string& file) {
  const Row row(table, fmt::format("{}: a [[run]]", file), {"name", "words", "minutes", "seeds", "resumes"});
  ClaimRun run;
  run.name = row.text("name", true);
  run.words = one_line(row.text("words", true));
  run.minutes = row.number("minutes", 1);
  run.seeds = row.integers("seeds");
  run.resumes = row.truth("resumes");
  const Row named(table, fmt::format("{}: run '{}'", file, run.name),
                  {"name", "words", "minutes", "seeds", "resumes"});
  const bool safe = std::all_of(run.name.begin(), run.name.end(), [](unsigned char c) {
    return std::islower(c) != 0 || std::isdigit(c) != 0 || c == '_' || c == '-';
  });
  if (!safe) named.fail("names a folder: small letters, digits, '_' and '-'");
  if (run.seeds.empty() == (run.words.find("{seed}") != std::string::npos))
    named.fail("must name its 'seeds', and {seed} in its 'words', or neither");
  return run;
}

ClaimChart read_chart(const toml::table& table, const std::string& owner) {
  const Row row(table, owner + ": a chart", {"title", "x_label", "y_label", "log_x", "log_y", "curves"});
  ClaimChart chart{row.text("title", true), row.text("x_label"), row.text("y_label"),
                   row.truth("log_x"),      row.truth("log_y"),  {}};
  for (const toml::table* curve : row.tables("curves")) {
    const Row one(*curve, owner + ": a curve", {"label", "x", "y", "points"});
    chart.curves.push_back(
        {one.text("label", true), one.text("x", true), one.text("y", true), one.truth("points")});
  }
  return chart;
}

ClaimTest read_test(const Row& row) {
  ClaimTest test;
  test.here = one_line(row.text("here", true));
  test.needs = row.texts("needs");
  test.commands = row.texts("commands");
  test.shows = row.text("shows");
  test.holds = one_line(row.text("holds"));
  test.in_part = one_line(row.text("in_part"));
  if (test.needs.empty() && test.holds.empty()) row.fail("needs 'holds', or what it 'needs'");
  if (const toml::table* means = row.table("means")) {
    const Row texts(*means, row.name() + ", means", {"holds", "in_part", "not_shown"});
    for (const char* key : {"holds", "in_part", "not_shown"})
      if (const std::string text = one_line(texts.text(key)); !text.empty()) test.means[key] = text;
  }
  for (const toml::table* chart : row.tables("chart")) test.charts.push_back(read_chart(*chart, row.name()));
  for (const toml::table* table : row.tables("figures")) {
    const Row one(*table, row.name() + ": a figure", {"name", "from", "is", "each"});
    ClaimFigure figure{one.text("name", true), one.text("from"), one_line(one.text("is")),
                       one_line(one.text("each"))};
    if (!figure.from.empty() + !figure.is.empty() + !figure.each.empty() != 1)
      row.fail(fmt::format("figure '{}' must say one of 'from', 'is' and 'each'", figure.name));
    test.figures.push_back(std::move(figure));
  }
  return test;
}

Claim read_claim(const toml::table& table, const std::string& file) {
  const std::initializer_list<std::string_view> all = {
      "id",      "claim", "where", "here",  "paper", "figures",        "holds",
      "in_part", "shows", "needs", "means", "chart", "at_paper_scale", "commands"};
  const Row nameless(table, file + ": a [[claim]]", all);
  const Row row(table, fmt::format("{}: claim '{}'", file, nameless.text("id", true)), all);
  Claim claim;
  claim.id = row.text("id");
  claim.claim = one_line(row.text("claim", true));
  claim.where = one_line(row.text("where", true));
  claim.paper = one_line(row.text("paper"));
  claim.small = read_test(row);
  claim.original = claim.small;
  if (const toml::table* original = row.table("at_paper_scale"))
    claim.original = read_test(
        Row(*original, row.name() + ", at_paper_scale",
            {"here", "figures", "holds", "in_part", "shows", "needs", "commands", "means", "chart"}));
  return claim;
}

/// Every name and expression of a test, with ones in the place of what the runs will say.
void check_test(const ClaimTest& test, const std::string& owner) {
  std::vector<FigureValue> ones;
  for (const ClaimFigure& figure : test.figures) {
    for (const FigureValue& before : ones)
      if (before.name == figure.name)
        throw DataError(fmt::format("{}: figure '{}' stands there twice", owner, figure.name));
    if (!figure.from.empty() && figure.from.find(":/") == std::string::npos)
      throw DataError(fmt::format("{}: '{}' must be RUN:/pointer", owner, figure.from));
    ones.push_back({figure.name, {1}, !figure.each.empty()});
  }
  // Whether a run's figure is a list is only known with its JSON: both ways of using it are right here.
  const auto check = [&](const std::string& expression, bool each, size_t before) {
    std::vector<FigureValue> known(ones.begin(), ones.begin() + static_cast<std::ptrdiff_t>(before));
    if (each)
      for (FigureValue& figure : known) figure.list = true;
    try {
      // Only whether it can be evaluated counts here.
      each ? (void)evaluate_each(expression, known) : (void)evaluate(expression, known);
    } catch (const DataError& error) {
      throw DataError(owner + ": " + error.what());
    }
  };
  for (size_t i = 0; i < test.figures.size(); ++i) {
    if (!test.figures[i].is.empty()) check(test.figures[i].is, false, i);
    if (!test.figures[i].each.empty()) check(test.figures[i].each, true, i);
  }
  if (!test.holds.empty()) check(test.holds, false, ones.size());
  if (!test.in_part.empty()) check(test.in_part, false, ones.size());
}

}  // namespace

ClaimFile parse_claims(std::string_view text, const std::string& file) {
  toml::table table;
  try {
    table = toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    throw DataError(fmt::format("{}:{}: {}", file, error.source().begin.line, error.description()));
  }
  const Row row(table, file, {"name", "title", "run", "claim"});
  ClaimFile result{row.text("name", true), row.text("title", true), {}, {}};
  std::set<std::string> ids;
  for (const toml::table* run : row.tables("run")) result.runs.push_back(read_run(*run, file));
  for (const toml::table* one : row.tables("claim")) {
    Claim claim = read_claim(*one, file);
    const std::string owner = fmt::format("{}: claim '{}'", file, claim.id);
    if (!ids.insert(claim.id).second) throw DataError(owner + " stands there twice");
    check_test(claim.small, owner);
    check_test(claim.original, owner + ", at_paper_scale");
    result.claims.push_back(std::move(claim));
  }
  return result;
}

std::string run_of(const std::string& from) { return from.substr(0, from.find(':')); }

std::vector<std::string> runs_of(const ClaimTest& test) {
  std::vector<std::string> runs;
  const auto add = [&](const std::string& from) {
    if (from.empty()) return;
    const std::string run = run_of(from);
    if (std::find(runs.begin(), runs.end(), run) == runs.end()) runs.push_back(run);
  };
  for (const ClaimFigure& figure : test.figures) add(figure.from);
  for (const ClaimChart& chart : test.charts)
    for (const ClaimChart::Curve& curve : chart.curves) add(curve.x), add(curve.y);
  return runs;
}

}  // namespace muster
