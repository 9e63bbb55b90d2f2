#include "muster/report/no_worse.h"

#include <fmt/format.h>

#include "muster/report/answer.h"

namespace muster::inline report {

namespace {

double in_units_of_lead(double margin, Quality quality) {
  return quality == Quality::accuracy ? margin / 100 : margin;
}

Decision verdict_of(const std::optional<LeadInterval>& lead, double margin) {
  if (!lead || static_cast<int64_t>(lead->seeds) < seeds_for_a_decision) return Decision::undecided;
  if (lead->low > -margin) return Decision::holds;
  return lead->high < -margin ? Decision::refuted : Decision::undecided;
}

// Signed, in the measure's own direction: a lower loss is a negative difference.
std::string signed_text(double lead, Quality quality) {
  return quality == Quality::accuracy ? fmt::format("{:+.2f}", 100 * lead) : fmt::format("{:+.4f}", -lead);
}

std::string interval_text(const LeadInterval& lead, Quality quality) {
  const bool loss = quality == Quality::loss;
  return fmt::format("{} to {}", signed_text(loss ? lead.high : lead.low, quality),
                     signed_text(loss ? lead.low : lead.high, quality));
}

}  // namespace

std::vector<NoWorse> no_worse(const std::vector<ArmResult>& arms, Quality quality, double margin) {
  std::vector<NoWorse> found;
  for (size_t i = 1; i < arms.size(); ++i) {
    const bool both = arms[i].finished && arms.front().finished;
    const auto lead = both ? lead_interval(arms[i], arms.front(), quality) : std::nullopt;
    found.push_back({arms[i].name, lead, verdict_of(lead, in_units_of_lead(margin, quality))});
  }
  return found;
}

ResultTable no_worse_table(const std::vector<ArmResult>& arms, Quality quality, double margin) {
  const bool loss = quality == Quality::loss;
  ResultTable table;
  table.headings = {"arm", loss ? "difference in loss" : "difference, points", "99 % interval", "seeds",
                    "no worse by " + margin_text(margin, quality)};
  table.rows.push_back({arms.front().name, "reference", "--", "--", "--"});
  for (const NoWorse& arm : no_worse(arms, quality, margin))
    table.rows.push_back({arm.arm, arm.lead ? signed_text(arm.lead->mean, quality) : "--",
                          arm.lead ? interval_text(*arm.lead, quality) : "--",
                          arm.lead ? std::to_string(arm.lead->seeds) : "--",
                          std::string(decision_word(arm.verdict))});
  return table;
}

std::string margin_text(double margin, Quality quality) {
  if (quality == Quality::loss) return fmt::format("{:g}", margin);
  return fmt::format("{:g} {}", margin, margin == 1 ? "point" : "points");
}

}  // namespace muster::inline report
