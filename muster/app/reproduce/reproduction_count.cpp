#include "muster/app/reproduce/reproduction_count.h"

#include <fmt/format.h>

namespace muster::inline app {

namespace {

std::string verb(int count, const char* one, const char* several) {
  return fmt::format("{} {}", count, count == 1 ? one : several);
}

std::string agreement(const ReproductionCount& count, ClaimKind kind, const char* what, const char* note) {
  std::string text = fmt::format("{} of {} {} agree with the paper{}", count.of(kind, ClaimVerdict::agrees),
                                 count.of(kind), what, note);
  if (const int failed = count.of(kind, ClaimVerdict::failed)) text += fmt::format("; {} failed", failed);
  return text + ".";
}

}  // namespace

int ReproductionCount::of(ClaimKind kind) const {
  int sum = 0;
  if (const auto found = rows.find(kind); found != rows.end())
    for (const auto& [verdict, count] : found->second) sum += count;
  return sum;
}

int ReproductionCount::of(ClaimKind kind, ClaimVerdict verdict) const {
  const auto found = rows.find(kind);
  if (found == rows.end()) return 0;
  const auto count = found->second.find(verdict);
  return count == found->second.end() ? 0 : count->second;
}

ReproductionCount count_rows(const std::vector<CountedRow>& rows) {
  ReproductionCount count;
  std::vector<double> chances;
  std::vector<size_t> measured;
  for (size_t i = 0; i < rows.size(); ++i) {
    ++count.rows[rows[i].kind][rows[i].verdict];
    if (rows[i].kind != ClaimKind::measured || rows[i].verdict == ClaimVerdict::failed) continue;
    chances.push_back(rows[i].chance);
    measured.push_back(i);
  }
  count.stands.assign(rows.size(), false);
  const std::vector<bool> stands = stands_with_holm(chances);
  for (size_t i = 0; i < measured.size(); ++i) {
    if (!stands[i]) continue;
    count.stands[measured[i]] = true;
    count.holm_holds += rows[measured[i]].verdict == ClaimVerdict::holds ? 1 : 0;
    count.holm_refuted += rows[measured[i]].verdict == ClaimVerdict::refuted ? 1 : 0;
  }
  return count;
}

std::string measured_sentence(const ReproductionCount& count) {
  constexpr ClaimKind kind = ClaimKind::measured;
  const int all = count.of(kind);
  if (all == 0) return "No claim was measured";
  std::string text =
      fmt::format("Of {}, {}, {}, {} at this size",
                  all == 1 ? "1 measured claim" : fmt::format("{} measured claims", all),
                  verb(count.of(kind, ClaimVerdict::holds), "holds", "hold"),
                  verb(count.of(kind, ClaimVerdict::refuted), "is refuted", "are refuted"),
                  verb(count.of(kind, ClaimVerdict::undecided), "is undecided", "are undecided"));
  if (const int failed = count.of(kind, ClaimVerdict::failed)) text += fmt::format("; {} failed", failed);
  return text;
}

std::vector<std::string> other_sentences(const ReproductionCount& count) {
  std::vector<std::string> texts;
  if (const int all = count.of(ClaimKind::measured); all > 1)
    texts.push_back(fmt::format("With Holm's correction for {} claims {} and {}.", all,
                                verb(count.holm_holds, "holds", "hold"),
                                verb(count.holm_refuted, "is refuted", "are refuted")));
  if (count.of(ClaimKind::exact) > 0)
    texts.push_back(agreement(count, ClaimKind::exact, "exact rows (a formula or an enumeration)", ""));
  if (count.of(ClaimKind::arithmetic) > 0)
    texts.push_back(agreement(count, ClaimKind::arithmetic, "rows of arithmetic",
                              ", which checks this program and is no evidence for the claims"));
  if (const int none = count.of(ClaimKind::not_testable))
    texts.push_back(fmt::format("{} not testable here.", verb(none, "row is", "rows are")));
  return texts;
}

}  // namespace muster::inline app
