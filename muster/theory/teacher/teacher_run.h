#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "muster/schedule/learning_rate.h"
#include "muster/schedule/sync_schedule.h"
#include "muster/theory/teacher/teacher_problem.h"

namespace muster::inline theory {

/// A method: SGD whose workers meet by a schedule (a new one for each run), and the encoding of gradients in
/// meetings that average them.
struct TeacherMethod {
  std::function<std::unique_ptr<SyncSchedule>()> make_schedule;
  LearningRate learning_rate;
  int gradient_bits = 32;  ///< 8, 4, 2: QSGD of each worker's gradient, and again of their mean; 32: none
  int64_t bucket = 512;
};

/// The result of one training run.
struct TeacherOutcome {
  int64_t rounds = 0;  ///< meetings
  double bytes_per_worker = 0;
  double excess_loss = 0;  ///< of the mean of the workers at the end
  /// Mean over the steps of S, the mean over the workers of the squared distance to their mean, after the
  /// step and before a meeting: of the whole run and of each of its quarters.
  double spread = 0;
  std::array<double, 4> spread_by_quarter{};
  /// Mean over the meetings of S / learning rate, by quarters of the run; 0 where there was none.
  std::array<double, 4> spread_per_rate{};
  std::vector<double> curve;  ///< excess loss of the mean of the workers at teacher_points()
  /// Steps of the round that holds the point's last step; at step 0, of the first round.
  std::vector<int64_t> periods;
};

/// The steps at which a run is evaluated: 0, about every fortieth of the run, its end.
std::vector<int64_t> teacher_points(int64_t steps);

/// All methods on all seeds first_seed ... first_seed + seeds - 1: outcomes[method][seed]. The methods of one
/// seed see the same data. `progress`: called with the share done, by one thread at a time. The outcome does
/// not depend on the number of threads. Throws NonFiniteError when a training diverges.
std::vector<std::vector<TeacherOutcome>> run_teacher(const TeacherOptions& options,
                                                     const std::vector<TeacherMethod>& methods,
                                                     uint64_t first_seed, int64_t seeds, int threads,
                                                     const std::function<void(double)>& progress = {});

}  // namespace muster::inline theory
