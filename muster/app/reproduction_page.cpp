#include <fmt/format.h>

#include "muster/app/reproduction_result.h"
#include "muster/base/format.h"

namespace muster {

namespace {

std::string_view sign(Verdict verdict) {
  switch (verdict) {
    case Verdict::holds:
      return "●";
    case Verdict::in_part:
      return "◐";
    case Verdict::not_shown:
      return "○";
    case Verdict::not_testable:
      return "–";
    case Verdict::failed:
      return "✕";
  }
  return "";
}

std::string with_sign(Verdict verdict) { return fmt::format("{} {}", sign(verdict), verdict_text(verdict)); }

StudyTable overview(const std::vector<const JudgedClaim*>& claims) {
  StudyTable table;
  table.wraps = true;
  table.header = {"claim", "verdict", "here", "in the paper"};
  for (const JudgedClaim* judged : claims)
    table.rows.push_back({judged->planned.claim->claim, with_sign(judged->verdict),
                          judged->shows.empty() ? judged->reason : judged->shows,
                          judged->planned.claim->paper});
  return table;
}

std::string number_text(const FigureValue& figure) {
  if (!figure.list) return format_number(figure.values.front(), 5);
  std::string text;
  for (size_t i = 0; i < figure.values.size() && i < 8; ++i)
    text += (i > 0 ? ", " : "") + format_number(figure.values[i], 4);
  return figure.values.size() > 8 ? text + ", ..." : text;
}

StudyTable figures_table(const JudgedClaim& judged) {
  StudyTable table;
  table.wraps = true;
  table.header = {"figure", "value", "from"};
  for (size_t i = 0; i < judged.figures.size(); ++i) {
    const ClaimFigure& figure = judged.planned.test->figures[i];
    table.rows.push_back(
        {figure.name, number_text(judged.figures[i]), figure.from + figure.is + figure.each});
  }
  return table;
}

StudyTable commands_table(const JudgedClaim& judged, const ReproductionResult& result) {
  StudyTable table;
  table.wraps = true;
  table.header = {"run", "command", "time"};
  for (const std::string& run : runs_of(*judged.planned.test))
    for (const PlannedCommand& command : result.plan.commands) {
      if (command.run != run) continue;
      const auto found = result.finished.find(command.name);
      table.rows.push_back({command.name, command_text(command),
                            found == result.finished.end() ? "--" : format_duration(found->second.seconds)});
    }
  for (const std::string& command : judged.planned.by_hand) table.rows.push_back({"by hand", command, "--"});
  return table;
}

StudySection section(const JudgedClaim& judged, const ReproductionResult& result) {
  const Claim& claim = *judged.planned.claim;
  StudySection part;
  part.heading = fmt::format("{}: {}", claim.id, with_sign(judged.verdict));
  part.text = claim.claim + "\n\nIn the paper: " + claim.where;
  if (!claim.paper.empty()) part.text += ": " + claim.paper;
  part.text += ".\n\nHere: " + judged.planned.test->here;
  if (!judged.shows.empty()) part.text += "\n\nFound: " + judged.shows + ".";
  if (!judged.reason.empty()) part.text += "\n\n" + judged.reason;
  part.text += "\n\n" + rule_text(*judged.planned.test);
  part.charts = judged.charts;
  if (!judged.figures.empty()) part.tables.push_back(figures_table(judged));
  StudyTable commands = commands_table(judged, result);
  if (!commands.rows.empty()) part.tables.push_back(std::move(commands));
  return part;
}

}  // namespace

std::string reproduction_page(const ReproductionResult& result) {
  StudyPage page;
  page.title = reproduction_sentence(result) + ".";
  page.lead = fmt::format(
      "The claims of the papers, put to the test at {} scale: every figure comes of a command of this "
      "program, and every verdict of a rule that stands beside it.",
      result.request.paper_scale ? "the papers'" : "small");
  page.command = result.request.command;
  page.written_by = "muster reproduce";
  for (const ClaimFile& file : result.plan.files) {
    std::vector<const JudgedClaim*> claims;
    for (const JudgedClaim& judged : result.claims)
      if (judged.planned.file == &file) claims.push_back(&judged);
    if (!claims.empty()) page.sections.push_back({file.title, "", {overview(claims)}, {}});
  }
  for (const JudgedClaim& judged : result.claims) page.sections.push_back(section(judged, result));
  return study_page(page);
}

}  // namespace muster
