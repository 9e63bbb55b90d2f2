#include "muster/app/reproduce/reproduction_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "muster/app/options/terminal_text.h"
#include "muster/base/format.h"
#include "muster/report/table.h"

namespace muster::inline app {

namespace {

constexpr ClaimKind kinds[] = {ClaimKind::measured, ClaimKind::exact, ClaimKind::arithmetic,
                               ClaimKind::not_testable};

int64_t fewest(const PlannedClaim& claim) {
  return claim.seeds.empty() ? 0 : *std::min_element(claim.seeds.begin(), claim.seeds.end());
}

int count_of(const ReproductionPlan& plan, ClaimKind kind) {
  return static_cast<int>(std::count_if(plan.claims.begin(), plan.claims.end(),
                                        [&](const auto& claim) { return claim.kind() == kind; }));
}

double minutes_of(const ReproductionPlan& plan) {
  double minutes = 0;
  for (const PlannedCommand& command : plan.commands) minutes += command.minutes;
  return minutes;
}

}  // namespace

std::string reproduction_list_text(const ReproductionPlan& plan) {
  Table table({{"paper", Align::left},
               {"row", Align::left},
               {"kind", Align::left},
               {"seeds", Align::right},
               {"cost", Align::right}});
  for (const PlannedClaim& claim : plan.claims) {
    const bool runs = claim.missing.empty() && claim.minutes > 0;
    table.add_row({claim.file->name, claim.claim->id, std::string(kind_text(claim.kind())),
                   claim.seeds.empty() ? "" : format_count(fewest(claim)),
                   runs ? format_duration(60 * claim.minutes) : ""});
  }
  std::string text = fitted(table) + "\n";
  for (const ClaimKind kind : kinds)
    text += fmt::format("{}{} {}", kind == kinds[0] ? "" : ", ", count_of(plan, kind), kind_text(kind));
  text += fmt::format(
      "; {} commands, {} of one core. A cost is that of a row's own commands; rows share them.\n",
      format_count(static_cast<int64_t>(plan.commands.size())), format_duration(60 * minutes_of(plan)));
  for (const PlannedClaim& claim : plan.claims)
    if (!claim.missing.empty()) text += fmt::format("{} needs {}\n", claim.claim->id, claim.missing);
  return text;
}

std::string reproduction_list_json(const ReproductionPlan& plan) {
  using Json = nlohmann::ordered_json;
  Json rows = Json::array(), counts = Json::object();
  for (const ClaimKind kind : kinds) counts[std::string(kind_word(kind))] = count_of(plan, kind);
  for (const PlannedClaim& claim : plan.claims)
    rows.push_back({{"id", claim.claim->id},
                    {"paper", claim.file->name},
                    {"kind", std::string(kind_word(claim.kind()))},
                    {"claim", claim.claim->claim},
                    {"rule", rule_text(*claim.test)},
                    {"seeds", claim.seeds.empty() ? Json(nullptr) : Json(fewest(claim))},
                    {"minutes", claim.minutes},
                    {"needs", claim.missing},
                    {"commands", claim.by_hand}});
  const Json json = {{"counts", counts}, {"minutes", minutes_of(plan)}, {"rows", rows}};
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace muster::inline app
