#pragma once

#include <string>
#include <vector>

#include "muster/app/study/study_convex_request.h"
#include "muster/report/study_page.h"

namespace muster::inline app {

/// One row of results of a problem that needs no data.
struct ClosedRow {
  int64_t workers = 1, period = 1;
  std::vector<double> values;  ///< by column of closed_columns()
};

/// Names of the values, in JSON and in tables.
std::vector<std::string> closed_columns(const ConvexRequest& request);

/// Exact moments of the quadratic; paths of the piecewise problem.
std::vector<ClosedRow> convex_closed(const ConvexRequest& request);

std::string convex_closed_json(const ConvexRequest& request, const std::vector<ClosedRow>& rows, int indent);
std::string convex_closed_text(const ConvexRequest& request, const std::vector<ClosedRow>& rows);
StudyPage convex_closed_page(const ConvexRequest& request, const std::vector<ClosedRow>& rows);

}  // namespace muster::inline app
