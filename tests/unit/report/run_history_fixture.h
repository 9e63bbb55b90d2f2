#pragma once

#include <cmath>
#include <string>

#include "muster/report/arm_result.h"

namespace muster::test {

/// A finished run of `rounds` rounds of `period` steps by two workers on two threads, looked at after every
/// round.
inline RunHistory some_run(const std::string& arm, int64_t seed, double accuracy, int64_t rounds = 4,
                           int64_t period = 5) {
  RunHistory run;
  run.arm = arm;
  run.folder = "runs/" + arm + "/seed-" + std::to_string(seed);
  run.finished = true;
  for (int64_t round = 1; round <= rounds; ++round) {
    MetricsLine line;
    line.round = round;
    line.step = round * period;
    line.period = period;
    line.average = "parameters";
    line.learning_rate = 0.1;
    line.loss = 2 / std::sqrt(static_cast<double>(round));
    line.divergence = 0.5 / static_cast<double>(round);
    line.bytes_per_worker = 1000;
    line.test_accuracy = accuracy * static_cast<double>(round) / static_cast<double>(rounds);
    line.test_loss = 1 - *line.test_accuracy;
    line.wall_seconds = static_cast<double>(round);
    run.lines.push_back(line);
  }
  run.totals.steps = rounds * period;
  run.totals.rounds = rounds;
  run.totals.communication = 1.0 / static_cast<double>(period);
  run.totals.final_test_accuracy = accuracy;
  run.totals.final_test_loss = 1 - accuracy;
  run.totals.final_train_loss = 1;
  run.totals.bytes_per_worker = 1000 * rounds;
  run.totals.parameters = 250;
  run.totals.seconds = {2, 0.5, 0.25, 0.125, 1, 0.0625, 4};
  run.totals.versions = {{"muster", "0.1.0"}};
  set_configuration(run, {{"run.seed", std::to_string(seed)},
                          {"run.workers", "2"},
                          {"run.threads", "2"},
                          {"run.out", run.folder},
                          {"task.name", "generated"},
                          {"task.model", "mlp"},
                          {"schedule.rule", arm}});
  return run;
}

}  // namespace muster::test
