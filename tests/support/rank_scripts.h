#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "muster/base/file.h"
#include "muster/base/stopwatch.h"

namespace muster::test {

/// A shell script for a rank: writes pid.RANK, then waits to be asked to end, says so in asked.RANK and ends
/// with 143.
inline constexpr const char* waiting_rank =
    "trap 'echo asked > asked.$RANK; exit 143' TERM; echo $$ > pid.$RANK; while :; do sleep 0.02; done";
/// The same, but it ignores SIGTERM.
inline constexpr const char* deaf_rank = "trap '' TERM; echo $$ > pid.$RANK; while :; do sleep 0.02; done";

/// Waits until the file stands there, whole (it ends with a line feed).
inline bool appears(const std::string& path, double seconds = 20) {
  for (const Stopwatch watch; watch.seconds() < seconds;
       std::this_thread::sleep_for(std::chrono::milliseconds(5)))
    if (std::filesystem::exists(path) && read_file(path).ends_with('\n')) return true;
  return false;
}

/// The same for NAME0, NAME1, ... of so many ranks.
inline bool all_appear(const std::string& name, int ranks) {
  for (int rank = 0; rank < ranks; ++rank)
    if (!appears(name + std::to_string(rank))) return false;
  return true;
}

}  // namespace muster::test
