#include <fmt/format.h>

#include "muster/app/options/terminal_text.h"
#include "muster/app/options/text_lines.h"
#include "muster/app/reproduce/reproduction_result.h"
#include "muster/report/table.h"

namespace muster::inline app {

namespace {

std::string row_text(const JudgedClaim& judged) {
  const Claim& claim = *judged.planned.claim;
  std::string text = fmt::format("\n  {} ({}, {})\n", claim_verdict_text(judged.judgement.verdict), claim.id,
                                 kind_text(judged.planned.kind()));
  text += wrapped(claim.claim, "    ");
  if (!judged.shows.empty()) text += wrapped("here: " + judged.shows, "      ");
  for (const std::string& part : part_texts(judged)) text += wrapped("- " + part, "      ");
  if (!claim.paper.empty()) text += wrapped("paper: " + claim.paper, "      ");
  if (!judged.reason.empty()) text += wrapped(judged.reason, "      ");
  for (const std::string& command : judged.planned.by_hand) text += "      $ " + command + "\n";
  return text;
}

/// The rows of one kind; nothing where there is none.
std::string kind_table(const ReproductionResult& result, const ReproductionCount& count, ClaimKind kind) {
  if (count.of(kind) == 0) return {};
  Table table({{std::string(kind_text(kind)), Align::left}, {"verdict", Align::left}});
  for (size_t i = 0; i < result.claims.size(); ++i) {
    const JudgedClaim& judged = result.claims[i];
    if (judged.planned.kind() != kind) continue;
    const ClaimVerdict verdict = judged.judgement.verdict;
    const bool alone =
        (verdict == ClaimVerdict::holds || verdict == ClaimVerdict::refuted) && !count.stands[i];
    table.add_row({judged.planned.claim->id, std::string(claim_verdict_text(verdict)) +
                                                 (alone ? " (not with Holm's correction)" : "")});
  }
  return "\n" + fitted(table);
}

}  // namespace

std::string reproduction_text(const ReproductionResult& result) {
  const ReproductionCount count = count_of(result);
  std::string text;
  const ClaimFile* file = nullptr;
  for (const JudgedClaim& judged : result.claims) {
    if (judged.planned.file != file) text += fmt::format("\n{}\n", judged.planned.file->title);
    file = judged.planned.file;
    text += row_text(judged);
  }
  for (const ClaimKind kind :
       {ClaimKind::measured, ClaimKind::exact, ClaimKind::arithmetic, ClaimKind::not_testable})
    text += kind_table(result, count, kind);
  text += "\n" + measured_sentence(count) + ".\n";
  for (const std::string& sentence : other_sentences(count)) text += sentence + "\n";
  return text;
}

}  // namespace muster::inline app
