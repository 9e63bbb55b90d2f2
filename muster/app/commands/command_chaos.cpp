#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "muster/app/chaos/chaos_report.h"
#include "muster/app/chaos/chaos_request.h"
#include "muster/app/chaos/disturber.h"
#include "muster/app/commands/commands.h"
#include "muster/app/launch/launched_run.h"
#include "muster/app/options/help.h"
#include "muster/base/error.h"
#include "muster/base/log.h"
#include "muster/base/output.h"
#include "muster/report/run_history.h"

namespace muster::inline app {

namespace {

constexpr int exit_not_held = 1;

/// Runs undisturbed and returns the final loss; nothing when we were asked to stop.
std::optional<double> undisturbed_loss(const ChaosRequest& request, int number, HeldSignals& signals) {
  print_log("muster chaos: undisturbed run {} of {}\n", number, request.baseline);
  LaunchedRun run(request.baseline_command(number), signals);
  while (!run.over()) run.pass(1);
  if (run.asked_to_stop() != 0) return std::nullopt;
  const std::string folder = request.baseline_folder(number);
  if (run.exit_code() != 0)
    throw Error(fmt::format("the undisturbed run in '{}' ended with exit code {}; its messages are above",
                            folder, run.exit_code()));
  const auto loss = read_run_history(folder).totals.final_test_loss;
  if (!loss) throw DataError(fmt::format("'{}/summary.json' has no final_test_loss", folder));
  return loss;
}

void read_result(const ChaosRequest& request, ChaosEvidence& evidence) {
  const RunHistory history = read_run_history(request.folder);
  evidence.finished = history.finished;
  evidence.steps = history.totals.steps;
  evidence.rounds = history.totals.rounds;
  evidence.expected_steps = request.steps;
  evidence.loss = history.totals.final_test_loss;
}

int chaos(const ChaosRequest& request) {
  const std::vector<Disturbance> plan = plan_chaos(request.options);
  HeldSignals signals;
  ChaosEvidence evidence;
  evidence.folder = request.folder;
  evidence.seed = request.options.seed;
  evidence.planned = plan.size();
  for (int number = 1; number <= request.baseline; ++number) {
    const auto loss = undisturbed_loss(request, number, signals);
    if (!loss) return 128 + signals.asked_to_stop();
    evidence.baseline.push_back(*loss);
  }
  Disturber disturber(request, signals);
  disturber.run(plan);
  evidence.seconds = disturber.seconds();
  evidence.disturbances = disturber.results();
  evidence.differences = disturber.differences();
  evidence.exit_code = disturber.exit_code();
  read_result(request, evidence);
  const std::vector<ChaosCheck> checks = judge_chaos(evidence);
  write_output(request.json ? chaos_json(evidence, checks) + "\n"
                            : printable(chaos_text(evidence, checks), "\n\t"));
  if (disturber.asked_to_stop() != 0) return 128 + disturber.asked_to_stop();
  const bool held =
      std::all_of(checks.begin(), checks.end(), [](const ChaosCheck& check) { return check.held; });
  return held ? 0 : exit_not_held;
}

}  // namespace

int chaos_command(const Catalogue& catalogue, const std::vector<std::string>& words) {
  const ChaosRequest request = read_chaos_request(catalogue, words);
  if (request.help) {
    write_output(help_text(catalogue, chaos_help()));
    return 0;
  }
  return chaos(request);
}

}  // namespace muster::inline app
