#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

#include "muster/app/study/study.h"
#include "muster/app/study/study_output.h"
#include "muster/app/study/study_teacher_request.h"
#include "muster/app/study/study_teacher_result.h"
#include "muster/base/log.h"
#include "muster/base/output.h"
#include "muster/base/stopwatch.h"
#include "muster/base/terminal.h"
#include "muster/report/progress_line.h"

namespace muster::inline app {

namespace {

/// Runs the study; on a terminal a line on standard error shows the progress.
TeacherResult run_study(const TeacherRequest& request) {
  const bool terminal = is_live_terminal(STDERR_FILENO);
  ProgressLine line(std::cerr, progress_options(STDERR_FILENO));
  const Stopwatch watch;
  const int64_t steps = request.problem.steps * request.seeds;
  std::function<void(double)> progress;
  if (terminal)
    progress = [&](double part) {
      line.show({.step = static_cast<int64_t>(part * static_cast<double>(steps)), .total_steps = steps},
                watch.seconds());
    };
  std::vector<TeacherMethod> methods;
  for (const TeacherArm& arm : request.arms) methods.push_back(arm.method);
  auto outcomes =
      run_teacher(request.problem, methods, request.seed, request.seeds, request.threads, progress);
  if (terminal) line.end();
  return {request, std::move(outcomes), watch.seconds()};
}

}  // namespace

int study_teacher(const Catalogue& catalogue, const std::vector<std::string>& words) {
  const TeacherRequest request = read_teacher_request(catalogue, words);
  if (request.help) {
    write_output(help_text(catalogue, teacher_help()));
    return 0;
  }
  const TeacherResult result = run_study(request);
  if (request.out) write_study(*request.out, teacher_json(result, 2) + "\n", teacher_page(result));
  write_output(request.json ? teacher_json(result, -1) + "\n" : teacher_text(result));
  if (request.out && !request.json) print_log("\nThe page is {}/report.html\n", *request.out);
  return 0;
}

}  // namespace muster::inline app
