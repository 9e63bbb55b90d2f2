#include "muster/app/reproduce/claim_test.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <regex>

#include "muster/app/reproduce/claim_expression.h"
#include "muster/base/error.h"

namespace muster::inline app {

namespace {

ClaimKind read_kind(const ClaimRow& row) {
  const std::string word = row.text("kind");
  if (word.empty()) row.fail("needs its 'kind': measured, exact, arithmetic or not_testable");
  for (const ClaimKind kind :
       {ClaimKind::measured, ClaimKind::exact, ClaimKind::arithmetic, ClaimKind::not_testable})
    if (kind_word(kind) == word) return kind;
  row.fail(fmt::format("has the kind '{}': it must be measured, exact, arithmetic or not_testable", word));
}

ClaimPart read_part(const toml::table& table, const std::string& owner) {
  const ClaimRow row(
      table, owner + ": a part",
      {"says", "arm", "beside", "than", "direction", "times", "margin", "margin_share", "source"});
  ClaimPart part;
  part.says = row.line("says", true);
  part.arm = row.text("arm", true);
  part.beside = row.text("beside");
  if (part.beside.empty() != row.has("than")) row.fail("must have one of 'beside' and 'than'");
  part.than = row.number("than").value_or(0);
  const auto direction = direction_of(row.text("direction", true));
  if (!direction) row.fail("has a 'direction' that is none of less, more, no_more, no_less and same");
  part.rule.direction = *direction;
  part.rule.times = row.above_zero("times", 1);
  part.rule.margin_is_share = row.has("margin_share");
  const bool strict = *direction == Direction::less || *direction == Direction::more;
  const bool has_margin = row.has("margin") || row.has("margin_share");
  if (row.has("margin") && row.has("margin_share"))
    row.fail("must not have both 'margin' and 'margin_share'");
  if (strict == has_margin)
    row.fail("needs a 'margin' or 'margin_share' with no_more, no_less and same, and only with these");
  if (has_margin) part.rule.margin = row.above_zero(row.has("margin") ? "margin" : "margin_share", 1);
  part.source = row.line("source", has_margin || row.has("times") || row.has("than"));
  return part;
}

ClaimNumber read_number(const toml::table& table, const std::string& owner) {
  const ClaimRow row(table, owner + ": a number", {"figure", "number", "tolerance"});
  ClaimNumber result{row.text("figure", true), row.number("number").value_or(0),
                     row.above_zero("tolerance", -1)};
  if (!row.has("number")) row.fail("needs 'number'");
  return result;
}

ClaimChart read_chart(const toml::table& table, const std::string& owner) {
  const ClaimRow row(table, owner + ": a chart", {"title", "x_label", "y_label", "log_x", "log_y", "curves"});
  ClaimChart chart{row.text("title", true), row.text("x_label"), row.text("y_label"),
                   row.truth("log_x"),      row.truth("log_y"),  {}};
  for (const toml::table* curve : row.tables("curves")) {
    const ClaimRow one(*curve, owner + ": a curve", {"label", "x", "y", "points"});
    chart.curves.push_back(
        {one.text("label", true), one.text("x", true), one.text("y", true), one.truth("points")});
  }
  return chart;
}

ClaimFigure read_one_figure(const toml::table& table, const ClaimRow& owner) {
  const ClaimRow one(table, owner.name() + ": a figure", {"name", "from", "is", "each"});
  ClaimFigure figure{one.text("name", true), one.text("from"), one.line("is"), one.line("each")};
  if (!figure.from.empty() + !figure.is.empty() + !figure.each.empty() != 1)
    owner.fail(fmt::format("figure '{}' must have one of 'from', 'is' and 'each'", figure.name));
  return figure;
}

void check_kind(const ClaimTest& test, const ClaimRow& row) {
  const bool measured = test.kind == ClaimKind::measured;
  const bool number = test.kind == ClaimKind::exact || test.kind == ClaimKind::arithmetic;
  if (measured && test.parts.empty()) row.fail("is measured and needs 'parts': what is compared");
  if (number && test.numbers.empty())
    row.fail(fmt::format("is {} and needs 'numbers' of the paper", kind_word(test.kind)));
  if (!measured && !test.parts.empty()) row.fail("has 'parts', which only measured rows have");
  if (!number && !test.numbers.empty()) row.fail("has 'numbers', which only exact and arithmetic rows have");
  if (test.kind == ClaimKind::not_testable && test.needs.empty()) row.fail("must state what it 'needs'");
  if (test.kind == ClaimKind::not_testable && test.commands.empty())
    row.fail("is not testable here and needs 'commands' that would test it");
}

const std::array<std::string, 5> meant = {"holds", "refuted", "undecided", "agrees", "differs"};

void check_figure(const ClaimTest& test, const std::string& name, const std::string& owner) {
  for (const ClaimFigure& figure : test.figures)
    if (figure.name == name) return;
  throw DataError(fmt::format("{}: there is no figure '{}'", owner, name));
}

}  // namespace

const std::vector<std::string_view>& claim_test_keys() {
  static const std::vector<std::string_view> keys = {"kind",  "here",  "figures",  "parts", "numbers",
                                                     "shows", "needs", "commands", "means", "chart"};
  return keys;
}

ClaimTest read_claim_test(const ClaimRow& row) {
  ClaimTest test;
  test.kind = read_kind(row);
  test.here = row.line("here", true);
  test.needs = row.texts("needs");
  test.commands = row.texts("commands");
  test.shows = row.text("shows");
  if (const toml::table* means = row.table("means")) {
    const ClaimRow texts(*means, row.name() + ", means", {meant.begin(), meant.end()});
    for (const std::string& key : meant)
      if (const std::string text = texts.line(key); !text.empty()) test.means[key] = text;
  }
  for (const toml::table* chart : row.tables("chart")) test.charts.push_back(read_chart(*chart, row.name()));
  for (const toml::table* figure : row.tables("figures"))
    test.figures.push_back(read_one_figure(*figure, row));
  for (const toml::table* part : row.tables("parts")) test.parts.push_back(read_part(*part, row.name()));
  for (const toml::table* number : row.tables("numbers"))
    test.numbers.push_back(read_number(*number, row.name()));
  check_kind(test, row);
  return test;
}

void check_claim_test(const ClaimTest& test, const std::string& owner) {
  std::vector<FigureValue> ones;
  for (const ClaimFigure& figure : test.figures) {
    for (const FigureValue& before : ones)
      if (before.name == figure.name)
        throw DataError(fmt::format("{}: figure '{}' is given twice", owner, figure.name));
    if (!figure.from.empty() && figure.from.find(":/") == std::string::npos)
      throw DataError(fmt::format("{}: '{}' must be RUN:/pointer", owner, figure.from));
    // Whether a run's figure is a list is only known with its JSON: both ways of using it are right here.
    std::vector<FigureValue> known = ones;
    if (!figure.each.empty())
      for (FigureValue& one : known) one.list = true;
    try {
      // Only whether they can be evaluated counts here, not their values.
      if (!figure.is.empty()) (void)evaluate(figure.is, known);
      if (!figure.each.empty()) (void)evaluate_each(figure.each, known);  // likewise
    } catch (const DataError& error) {
      throw DataError(owner + ": " + error.what());
    }
    ones.push_back({figure.name, {1}, !figure.each.empty()});
  }
  for (const ClaimPart& part : test.parts) {
    check_figure(test, part.arm, owner);
    if (!part.beside.empty()) check_figure(test, part.beside, owner);
  }
  for (const ClaimNumber& number : test.numbers) check_figure(test, number.figure, owner);
}

std::string run_of(const std::string& from) { return from.substr(0, from.find(':')); }

namespace {

void add_once(std::vector<std::string>& runs, const std::string& run) {
  if (std::find(runs.begin(), runs.end(), run) == runs.end()) runs.push_back(run);
}

}  // namespace

std::vector<std::string> runs_of(const ClaimTest& test) {
  std::vector<std::string> runs;
  for (const ClaimFigure& figure : test.figures)
    if (!figure.from.empty()) add_once(runs, run_of(figure.from));
  for (const ClaimChart& chart : test.charts)
    for (const ClaimChart::Curve& curve : chart.curves) {
      add_once(runs, run_of(curve.x));
      add_once(runs, run_of(curve.y));
    }
  return runs;
}

std::vector<std::string> sources_of_figure(const ClaimTest& test, const std::string& name) {
  std::vector<std::string> sources;
  size_t at = 0;
  while (at < test.figures.size() && test.figures[at].name != name) ++at;
  if (at == test.figures.size()) return sources;
  const ClaimFigure& figure = test.figures[at];
  if (!figure.from.empty()) return {figure.from};
  const std::string expression = figure.is + figure.each;
  for (size_t before = 0; before < at; ++before)
    if (std::regex_search(expression, std::regex("\\b" + test.figures[before].name + "\\b")))
      for (const std::string& source : sources_of_figure(test, test.figures[before].name))
        add_once(sources, source);
  return sources;
}

std::string rule_text(const ClaimTest& test) {
  std::string text;
  const auto add = [&](const std::string& one) { text += (text.empty() ? "" : "; ") + one; };
  for (const ClaimPart& part : test.parts) {
    std::string other = part.beside.empty() ? fmt::format("{:g}", part.than) : part.beside;
    if (part.rule.times != 1) other = fmt::format("{:g} x {}", part.rule.times, other);
    const std::string margin = part.rule.margin_is_share ? fmt::format("{:g} %", 100 * part.rule.margin)
                                                         : fmt::format("{:g}", part.rule.margin);
    switch (part.rule.direction) {
      case Direction::less:
        add(fmt::format("{} below {}", part.arm, other));
        break;
      case Direction::more:
        add(fmt::format("{} above {}", part.arm, other));
        break;
      case Direction::no_more:
        add(fmt::format("{} at most {} above {}", part.arm, margin, other));
        break;
      case Direction::no_less:
        add(fmt::format("{} at most {} below {}", part.arm, margin, other));
        break;
      case Direction::same:
        add(fmt::format("{} within {} of {}", part.arm, margin, other));
        break;
    }
  }
  for (const ClaimNumber& number : test.numbers)
    add(fmt::format("{} = {:g} ± {:g}", number.figure, number.number, number.tolerance));
  return text;
}

std::string_view kind_word(ClaimKind kind) {
  switch (kind) {
    case ClaimKind::measured:
      return "measured";
    case ClaimKind::exact:
      return "exact";
    case ClaimKind::arithmetic:
      return "arithmetic";
    case ClaimKind::not_testable:
      return "not_testable";
  }
  throw Bug("a kind without a word");
}

std::string_view kind_text(ClaimKind kind) {
  return kind == ClaimKind::not_testable ? "not testable here" : kind_word(kind);
}

}  // namespace muster::inline app
