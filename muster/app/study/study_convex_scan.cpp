#include "muster/app/study/study_convex_scan.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <iostream>

#include "muster/base/stopwatch.h"
#include "muster/base/terminal.h"
#include "muster/report/progress_line.h"

namespace muster::inline app {

namespace {

// Step sizes to try: all of the papers' grid, or those of the requested family, or only that of a given
// learning rate or of `theorem`.
std::vector<ConvexStepSize> grid_of(const ConvexRequest& request, const ConvexSubject& subject,
                                    int64_t period) {
  if (request.learning_rate || request.step_size == StepSizeRule::theorem)
    return {convex_step_size(request, subject, period)};
  std::vector<ConvexStepSize> grid;
  for (ConvexStepSize one : step_size_grid(subject.problem.samples())) {
    if (request.step_size_given && one.rule != request.step_size) continue;
    if (one.largest() * subject.problem.regularisation() >= 1) continue;
    one.average = request.average;
    grid.push_back(one);
  }
  return grid;
}

std::vector<ScanCell> cells_of(const ConvexRequest& request) {
  std::vector<int64_t> workers = request.workers, periods = request.periods;
  if (std::find(workers.begin(), workers.end(), 1) == workers.end()) workers.insert(workers.begin(), 1);
  std::vector<ScanCell> cells;
  for (const int64_t batch : request.batches)
    for (const int64_t count : workers)
      for (const int64_t period : periods) {
        if (count == 1 && period != periods.front()) continue;
        cells.push_back({count, batch, count == 1 ? 1 : period, {}, {}});
      }
  return cells;
}

SearchOptions search_of(const ConvexRequest& request, const ConvexSubject& subject, const ScanCell& cell) {
  SearchOptions options;
  options.method.workers = cell.workers;
  options.method.batch = cell.batch;
  options.method.seed = request.seed;
  options.delay.period = cell.period;
  options.asynchronous = request.delay.has_value() && cell.workers > 1;
  options.delay.delay = options.asynchronous ? *request.delay : 0;
  options.delay.staggered = request.staggered;
  options.grid = grid_of(request, subject, cell.period);
  options.targets = request.targets;
  options.seeds = request.seeds;
  options.tuning_seeds = request.tuning_seeds;
  options.most_steps = request.steps;
  return options;
}

}  // namespace

const ScanCell* ConvexScan::find(int64_t workers, int64_t batch, int64_t period) const {
  for (const ScanCell& cell : cells)
    if (cell.workers == workers && cell.batch == batch && (workers == 1 || cell.period == period))
      return &cell;
  return nullptr;
}

ScanTime scan_time(const ConvexScan& scan, const ScanCell& cell, double steps) {
  const double meetings = cell.workers > 1 ? std::ceil(steps / static_cast<double>(cell.period)) : 0;
  return {steps * scan.step_cost, meetings * scan.meeting_cost};
}

ConvexScan convex_scan(const ConvexRequest& request, const ConvexSubject& subject) {
  ConvexScan scan;
  scan.targets = request.targets;
  scan.cells = cells_of(request);
  scan.in_seconds = request.seconds_per_step.has_value();
  scan.costs_given = scan.in_seconds || request.communication_cost.has_value();
  scan.step_cost = request.seconds_per_step.value_or(1);
  scan.meeting_cost = request.seconds_per_meeting.value_or(request.communication_cost.value_or(0));
  const bool terminal = is_live_terminal(STDERR_FILENO);
  ProgressLine line(std::cerr, progress_options(STDERR_FILENO));
  const Stopwatch watch;
  int64_t done = 0;
  for (size_t i = 0; i < scan.cells.size(); ++i) {
    ScanCell& cell = scan.cells[i];
    StepSizeSearch search(subject.problem, subject.optimum.value, search_of(request, subject, cell));
    for (bool more = true; more;) {
      more = search.advance();
      ProgressView view;
      const auto left = static_cast<int64_t>(scan.cells.size() - i);
      view.step = done + search.runs_done();
      view.total_steps = done + left * search.runs_in_all();
      if (terminal) line.show(view, watch.seconds());
    }
    done += search.runs_done();
    cell.last = search.last();
    cell.weighted = search.weighted();
  }
  line.end();
  return scan;
}

}  // namespace muster::inline app
