#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace muster {

enum class DisturbanceKind {
  kill,  ///< SIGKILL
  stop,  ///< SIGSTOP, and SIGCONT after the others have gone on without it
  slow,  ///< runs 30 % of the time: computes slowly, which is not death
  cut,   ///< its host's link goes down, and up again
};
std::string_view name_of(DisturbanceKind kind);

/// One thing that `muster chaos` does to a run.
struct Disturbance {
  DisturbanceKind kind = DisturbanceKind::kill;
  double pause = 0;        ///< seconds since the run was whole again
  std::vector<int> ranks;  ///< one, or two that differ
  double gap = 0;          ///< of two: seconds between the first and the second
  bool in_meeting = false;
  double moment = 0;   ///< where in the meeting, 0 to 1
  double seconds = 0;  ///< how long it lasts; 0 for a kill
  bool operator==(const Disturbance&) const = default;
};

struct ChaosOptions {
  uint64_t seed = 1;
  int ranks = 4;
  int min_workers = 1;
  double deadline = 10;  ///< seconds, the launcher's
  int kills = 0;
  int stops = 0;
  int slows = 0;
  int cuts = 0;
  int pairs = 0;            ///< so many of the kills hit two ranks
  double every = 2;         ///< mean pause in seconds
  double stop_seconds = 0;  /// of stops and cuts; 0: 1.5 deadlines

  int disturbances() const { return kills + stops + slows + cuts; }
  /// Throws OptionError, its field a flag of `muster chaos`.
  void validate() const;
};

/// The disturbances of a run in their order, a function of the options alone. Pauses are exponential with
/// mean `every`; every rank is as likely as any other. Every third kill of one rank is aimed at a meeting.
/// Pairs die in the same moment and, every second one, up to 0.2 s apart: the second while the survivors form
/// their group. Slow ranks are slow for 2 to 5 s.
std::vector<Disturbance> plan_chaos(const ChaosOptions& options);

}  // namespace muster
