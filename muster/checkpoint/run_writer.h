#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace muster::inline checkpoint {

/// Who writes a run's folder. Within a run a writer with a greater number takes the folder over from the one
/// before, also where that one is stopped and holds the lock.
struct RunWriter {
  std::string run;     ///< of this run only: 16 hexadecimal digits
  int64_t number = 1;  ///< fencing number

  bool operator==(const RunWriter&) const = default;
  /// This one has taken over from `other`, a writer of the same run.
  bool succeeds(const RunWriter& other) const { return run == other.run && number > other.number; }
};

/// 64 random bits. Throws Error.
std::string random_run_id();

/// A writer of a run of its own: one that no other process writes for.
RunWriter sole_writer();

/// The text in the lock file of the folder that it writes, and back: nothing for any other text.
std::string holder_text(const RunWriter& writer);
std::optional<RunWriter> writer_in(std::string_view holder_text);

}  // namespace muster::inline checkpoint
