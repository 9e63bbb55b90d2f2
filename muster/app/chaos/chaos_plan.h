#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace muster::inline app {

enum class DisturbanceKind {
  kill,  ///< SIGKILL
  stop,  ///< SIGSTOP, then SIGCONT `seconds` later
  slow,  ///< runs 30 % of the time; must not be taken for dead
  cut,   ///< its network link is taken down, then up again `seconds` later
};
std::string_view name_of(DisturbanceKind kind);

/// One thing that `muster chaos` does to a run.
struct Disturbance {
  DisturbanceKind kind = DisturbanceKind::kill;
  double pause = 0;        ///< seconds after the recovery from the previous disturbance
  std::vector<int> ranks;  ///< one rank, or two different ones
  double gap = 0;          ///< seconds between the kills of two ranks
  bool in_meeting = false;
  double moment = 0;   ///< with in_meeting: elapsed part of the meeting, 0 to 1
  double seconds = 0;  ///< how long it lasts; 0 for a kill
  bool operator==(const Disturbance&) const = default;
};

struct ChaosOptions {
  uint64_t seed = 1;
  int ranks = 4;
  int min_workers = 1;
  double deadline = 10;  ///< seconds; that of `muster launch`
  int kills = 0;
  int stops = 0;
  int slows = 0;
  int cuts = 0;
  int pairs = 0;            ///< number of kills that hit two ranks
  double every = 2;         ///< mean pause in seconds
  double stop_seconds = 0;  ///< of stops and cuts; 0: 1.5 deadlines

  int disturbances() const { return kills + stops + slows + cuts; }
  /// Throws OptionError naming a flag of `muster chaos`.
  void validate() const;
};

/// Draws the disturbances of a run, in order, as a function of the options alone. Pauses are exponential with
/// mean `every`, ranks uniform. Every third kill of one rank is aimed at a meeting. The two ranks of a pair
/// are killed together or, in every second pair, up to 0.2 s apart: the second one while the survivors form
/// their group. Slow ranks are slow for 2 to 5 s.
std::vector<Disturbance> plan_chaos(const ChaosOptions& options);

}  // namespace muster::inline app
