#pragma once

#include <string>
#include <vector>

#include "muster/app/study/study_slow_sde_request.h"
#include "muster/app/study/study_slow_sde_row.h"
#include "muster/report/study_page.h"

namespace muster::inline app {

/// What a study of the slow SDE found; rows in the order of the request's cases.
struct SlowSdeResult {
  const SlowSdeRequest& request;
  std::vector<SlowSdeRow> rows;
};

/// One object (docs/json.md): the keys of the one run, or `rows` of a scan with what follows from it.
std::string slow_sde_json(const SlowSdeResult& result, int indent);
/// The answer in a sentence, and tables.
std::string slow_sde_text(const SlowSdeResult& result);
/// The page, with charts.
StudyPage slow_sde_page(const SlowSdeResult& result);

/// Rows of each problem of the request: the valley has two in a scan of its periods.
std::vector<std::vector<const SlowSdeRow*>> slow_sde_groups(const SlowSdeResult& result);
/// What the scan shows, with its numbers.
std::string slow_sde_sentence(const SlowSdeResult& result);
/// "Ornstein-Uhlenbeck form (noise follows the curvature)", or "" where there is nothing to tell.
std::string slow_sde_group_name(const SlowSdeRow& row);
/// Simulation beside the laws; columns that say nothing in this scan are left out.
StudyTable slow_sde_table(const std::vector<const SlowSdeRow*>& rows, const std::string& scan);

}  // namespace muster::inline app
