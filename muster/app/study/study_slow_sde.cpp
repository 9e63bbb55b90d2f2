#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

#include "muster/app/study/study.h"
#include "muster/app/study/study_output.h"
#include "muster/app/study/study_slow_sde_request.h"
#include "muster/app/study/study_slow_sde_result.h"
#include "muster/base/log.h"
#include "muster/base/output.h"
#include "muster/base/stopwatch.h"
#include "muster/base/terminal.h"
#include "muster/report/progress_line.h"

namespace muster::inline app {

namespace {

/// Runs the cases; on a terminal a line on standard error shows the progress.
std::vector<SlowSdeRow> run_cases(const SlowSdeRequest& request) {
  const bool terminal = is_live_terminal(STDERR_FILENO);
  ProgressLine line(std::cerr, progress_options(STDERR_FILENO));
  const Stopwatch watch;
  double done = 0, all = 0;
  const auto size = [](const SlowSdeCase& one) {
    return static_cast<double>(one.plan.steps()) * static_cast<double>(one.plan.workers * one.replicas);
  };
  for (const SlowSdeCase& one : request.cases) all += size(one);
  std::vector<SlowSdeRow> rows;
  for (const SlowSdeCase& one : request.cases) {
    ReplicaOptions replicas = request.replicas;
    replicas.replicas = one.replicas;
    if (terminal)
      replicas.progress = [&](double part) {
        const auto steps = static_cast<int64_t>(done + part * size(one));
        line.show({.step = steps,
                   .total_steps = static_cast<int64_t>(all),
                   .round = static_cast<int64_t>(rows.size())},
                  watch.seconds());
      };
    rows.push_back(run_slow_sde_case(one, replicas));
    done += size(one);
  }
  if (terminal) line.end();
  return rows;
}

}  // namespace

int study_slow_sde(const Catalogue& catalogue, const std::vector<std::string>& words) {
  const SlowSdeRequest request = read_slow_sde_request(catalogue, words);
  if (request.help) {
    write_output(help_text(catalogue, slow_sde_help()));
    return 0;
  }
  const SlowSdeResult result{request, run_cases(request)};
  if (request.out) write_study(*request.out, slow_sde_json(result, 2) + "\n", slow_sde_page(result));
  write_output(request.json ? slow_sde_json(result, -1) + "\n" : slow_sde_text(result));
  if (request.out && !request.json) print_log("\nThe page is {}/report.html\n", *request.out);
  return 0;
}

}  // namespace muster::inline app
