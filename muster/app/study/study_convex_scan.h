#pragma once

#include <optional>
#include <string>
#include <vector>

#include "muster/app/study/study_convex_subject.h"
#include "muster/theory/convex/step_size_search.h"

namespace muster::inline app {

/// Steps to the targets of one K, b, H.
struct ScanCell {
  int64_t workers = 1, batch = 1, period = 1;
  std::vector<std::optional<TunedSteps>> last, weighted;  ///< by target
};

/// What a cell costs in time, in units of a local step (or seconds, where the user gave them).
struct ScanTime {
  double computation = 0;
  double communication = 0;
  double total() const { return computation + communication; }
};

struct ConvexScan {
  std::vector<double> targets;
  std::vector<ScanCell> cells;
  double step_cost = 1, meeting_cost = 0;
  bool costs_given = false;
  bool in_seconds = false;

  const ScanCell* find(int64_t workers, int64_t batch, int64_t period) const;
};

/// The time of `steps` steps of a cell; a single worker has no meetings.
ScanTime scan_time(const ConvexScan& scan, const ScanCell& cell, double steps);

/// Tunes every cell of workers x batches x periods (one worker: the first period alone), and one worker where
/// the list leaves it out: speed-ups count from there.
ConvexScan convex_scan(const ConvexRequest& request, const ConvexSubject& subject);

std::string convex_scan_json(const ConvexRequest& request, const ConvexSubject& subject,
                             const ConvexScan& scan, int indent);
std::string convex_scan_text(const ConvexScan& scan);
StudyPage convex_scan_page(const ConvexRequest& request, const ConvexSubject& subject,
                           const ConvexScan& scan);

}  // namespace muster::inline app
