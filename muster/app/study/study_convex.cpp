#include "muster/app/study/study.h"
#include "muster/app/study/study_convex_closed.h"
#include "muster/app/study/study_convex_request.h"
#include "muster/app/study/study_convex_runs.h"
#include "muster/app/study/study_convex_scan.h"
#include "muster/app/study/study_output.h"
#include "muster/base/output.h"

namespace muster::inline app {

namespace {

/// The output of a study in its three forms.
struct Shown {
  std::string json, indented, text;
  StudyPage page;
};

Shown shown_closed(const ConvexRequest& request) {
  const std::vector<ClosedRow> rows = convex_closed(request);
  return {convex_closed_json(request, rows, -1), convex_closed_json(request, rows, 2),
          convex_closed_text(request, rows), convex_closed_page(request, rows)};
}

Shown shown_runs(const Catalogue& catalogue, const ConvexRequest& request, const ConvexSubject& subject) {
  const std::vector<ConvexRunResult> runs = convex_runs(catalogue, request, subject);
  return {convex_runs_json(request, subject, runs, -1), convex_runs_json(request, subject, runs, 2),
          convex_runs_text(subject, runs), convex_runs_page(request, subject, runs)};
}

Shown shown_scan(const ConvexRequest& request, const ConvexSubject& subject) {
  const ConvexScan scan = convex_scan(request, subject);
  return {convex_scan_json(request, subject, scan, -1), convex_scan_json(request, subject, scan, 2),
          convex_scan_text(scan), convex_scan_page(request, subject, scan)};
}

Shown shown_of(const Catalogue& catalogue, const ConvexRequest& request) {
  if (request.problem != ConvexStudyProblem::data) return shown_closed(request);
  const ConvexSubject subject = convex_subject(request);
  return request.targets.empty() ? shown_runs(catalogue, request, subject) : shown_scan(request, subject);
}

}  // namespace

int study_convex(const Catalogue& catalogue, const std::vector<std::string>& words) {
  const ConvexRequest request = read_convex_request(catalogue, words);
  if (request.help) {
    write_output(help_text(catalogue, convex_help()));
    return 0;
  }
  const Shown result = shown_of(catalogue, request);
  if (request.out) write_study(*request.out, result.indented + "\n", result.page);
  write_output(request.json ? result.json + "\n" : result.text);
  return 0;
}

}  // namespace muster::inline app
