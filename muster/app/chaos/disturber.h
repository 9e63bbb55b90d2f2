#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "muster/app/chaos/chaos_report.h"
#include "muster/app/chaos/chaos_request.h"
#include "muster/app/chaos/network_link.h"
#include "muster/app/chaos/run_watch.h"
#include "muster/app/launch/launched_run.h"
#include "muster/base/stopwatch.h"

namespace muster::inline app {

/// Starts a run and applies the disturbances of a plan to its ranks, one at a time: each waits until the run
/// has recovered from the one before and all processes that can return have returned.
class Disturber {
 public:
  Disturber(const ChaosRequest& request, HeldSignals& signals);
  /// Continues stopped processes and brings cut links up again.
  ~Disturber();
  Disturber(const Disturber&) = delete;
  Disturber& operator=(const Disturber&) = delete;

  /// Returns when the run has ended. When we are asked to stop, the run is, too, and no disturbance follows.
  /// Throws Error when the run does not begin to train, or cannot be cut.
  void run(const std::vector<Disturbance>& plan);
  /// SIGINT or SIGTERM when one has come, else 0.
  int asked_to_stop() const { return run_.asked_to_stop(); }

  const std::vector<DisturbanceResult>& results() const { return results_; }
  const std::vector<std::string>& differences() const { return watch_.differences(); }
  int exit_code() const { return run_.exit_code(); }
  double seconds() const { return clock_.seconds(); }

 private:
  using Ranks = std::map<int, pid_t>;

  /// The state of the recovery from a disturbance.
  struct Recovery {
    int64_t round = 0;       ///< the newest before the disturbance, or before the new group
    int64_t generation = 0;  ///< the newest before the disturbance
    bool regroups = true;    ///< the others must form a group without the rank
    bool formed = false;
    bool gone_by = false;  ///< the disturbance itself is over
    std::optional<double> recovered, back;
  };

  void begin();
  void disturb(const Disturbance& planned);
  void strike(const Disturbance& planned, const Ranks& victims, DisturbanceResult& result);
  void kill(const Disturbance& planned, const Ranks& victims);
  void stop(const Disturbance& planned, pid_t process);
  void slow(const Disturbance& planned, pid_t process);
  void cut(const Disturbance& planned, pid_t process);
  void aim_at_meeting(double moment);
  void await_recovery(const Disturbance& planned, double since, DisturbanceResult& result);
  void judge(const Disturbance& planned, double since, DisturbanceResult& result) const;

  Ranks find_victims(const Disturbance& planned) const;
  Ranks that_can_be_cut(const Ranks& ranks) const;
  int hit_by(const Disturbance& planned, const Ranks& victims) const;

  bool going() const { return !run_.over() && run_.asked_to_stop() == 0; }
  void step(double seconds);
  void pass_until(double time, double tick);
  void track(bool regroups);
  void note_recovery();
  void wake();
  void mend();

  const ChaosRequest& request_;
  HeldSignals& signals_;
  Stopwatch clock_;
  LaunchedRun run_;
  RunWatch watch_;
  std::optional<Recovery> recovery_;
  std::vector<pid_t> asleep_;
  std::vector<NetworkLink> down_;
  std::vector<DisturbanceResult> results_;
};

}  // namespace muster::inline app
