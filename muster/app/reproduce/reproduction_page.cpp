#include <fmt/format.h>

#include "muster/app/reproduce/reproduction_result.h"
#include "muster/base/format.h"

namespace muster::inline app {

namespace {

constexpr ClaimKind claim_kinds[] = {ClaimKind::measured, ClaimKind::exact, ClaimKind::arithmetic,
                                     ClaimKind::not_testable};

std::string_view sign(ClaimVerdict verdict) {
  switch (verdict) {
    case ClaimVerdict::holds:
    case ClaimVerdict::agrees:
      return "●";
    case ClaimVerdict::undecided:
      return "◐";
    case ClaimVerdict::refuted:
    case ClaimVerdict::differs:
      return "○";
    case ClaimVerdict::not_testable:
      return "–";
    case ClaimVerdict::failed:
      return "✕";
  }
  return "";
}

std::string with_sign(ClaimVerdict verdict) {
  return fmt::format("{} {}", sign(verdict), claim_verdict_text(verdict));
}

std::string_view heading(ClaimKind kind) {
  switch (kind) {
    case ClaimKind::measured:
      return "Measured: something was run here and could have come out otherwise";
    case ClaimKind::exact:
      return "Exact: a formula or an enumeration, and the paper's number";
    case ClaimKind::arithmetic:
      return "Arithmetic: the paper's inputs give the paper's outputs. This checks the program and is no "
             "evidence for the claim";
    case ClaimKind::not_testable:
      return "Not testable here: what it would need";
  }
  return "";
}

std::string found_text(const JudgedClaim& judged) {
  std::string text = judged.shows.empty() ? judged.reason : judged.shows;
  for (const std::string& part : part_texts(judged)) text += (text.empty() ? "" : "; ") + part;
  return text;
}

StudyTable overview(const ReproductionResult& result, const ReproductionCount& count, ClaimKind kind) {
  StudyTable table;
  table.wraps = true;
  table.header = {"claim", "verdict", "here", "in the paper"};
  if (kind == ClaimKind::measured) table.header.insert(table.header.begin() + 2, "with Holm");
  for (size_t i = 0; i < result.claims.size(); ++i) {
    const JudgedClaim& judged = result.claims[i];
    if (judged.planned.kind() != kind) continue;
    std::vector<std::string> row = {
        fmt::format("{}: {}", judged.planned.file->name, judged.planned.claim->claim),
        with_sign(judged.judgement.verdict), found_text(judged), judged.planned.claim->paper};
    if (kind == ClaimKind::measured)
      row.insert(row.begin() + 2, count.stands[i] ? "stands" : "does not stand");
    table.rows.push_back(std::move(row));
  }
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

StudyTable parts_table(const JudgedClaim& judged) {
  StudyTable table;
  table.wraps = true;
  table.header = {"part",   "verdict", "difference",           "99 % interval",
                  "margin", "seeds",   "margin or factor from"};
  for (size_t i = 0; i < judged.judgement.parts.size(); ++i) {
    const Decided& decided = judged.judgement.parts[i];
    const ClaimPart& part = judged.planned.test->parts[i];
    table.rows.push_back({part.says, std::string(decision_word(decided.decision)),
                          format_number(decided.mean, 4),
                          format_number(decided.low, 4) + " to " + format_number(decided.high, 4),
                          decided.margin > 0 ? format_number(decided.margin, 4) : "--",
                          std::to_string(decided.pairs), part.source.empty() ? "--" : part.source});
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
      break;  // the other seeds differ in nothing else
    }
  for (const std::string& command : judged.planned.by_hand) table.rows.push_back({"by hand", command, "--"});
  return table;
}

StudySection section(const JudgedClaim& judged, const ReproductionResult& result) {
  const Claim& claim = *judged.planned.claim;
  StudySection part;
  part.heading = fmt::format("{} ({}): {}", claim.id, kind_text(judged.planned.kind()),
                             with_sign(judged.judgement.verdict));
  part.text = claim.claim + "\n\nIn the paper: " + claim.where;
  if (!claim.paper.empty()) part.text += ": " + claim.paper;
  part.text += ".\n\nHere: " + judged.planned.test->here;
  if (!judged.shows.empty()) part.text += "\n\nFound: " + judged.shows + ".";
  if (!judged.reason.empty()) part.text += "\n\n" + judged.reason;
  if (const std::string rule = rule_text(*judged.planned.test); !rule.empty())
    part.text += "\n\nCompared: " + rule + ".";
  part.charts = judged.charts;
  if (!judged.judgement.parts.empty()) part.tables.push_back(parts_table(judged));
  if (!judged.figures.empty()) part.tables.push_back(figures_table(judged));
  StudyTable commands = commands_table(judged, result);
  if (!commands.rows.empty()) part.tables.push_back(std::move(commands));
  return part;
}

}  // namespace

std::string reproduction_page(const ReproductionResult& result) {
  const ReproductionCount count = count_of(result);
  StudyPage page;
  page.title = measured_sentence(count) + ".";
  page.lead = fmt::format(
      "The claims of the papers at {} scale. A measured claim holds where Student's 99 % interval of the "
      "paired differences over its seeds is wholly on the claimed side, is refuted where it is wholly on "
      "the other, and is undecided otherwise.",
      result.request.paper_scale ? "the papers'" : "small");
  for (const std::string& sentence : other_sentences(count)) page.lead += " " + sentence;
  page.command = result.request.command;
  page.written_by = "muster reproduce";
  for (const ClaimKind kind : claim_kinds)
    if (count.of(kind) > 0)
      page.sections.push_back({std::string(heading(kind)), "", {overview(result, count, kind)}, {}});
  for (const JudgedClaim& judged : result.claims) page.sections.push_back(section(judged, result));
  return study_page(page);
}

}  // namespace muster::inline app
