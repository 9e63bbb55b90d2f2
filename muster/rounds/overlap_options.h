#pragma once

#include <cstdint>
#include <optional>

namespace muster::inline rounds {

/// What becomes of the local steps that a worker makes while a meeting is under way; see merge.h.
enum class Merge { corrected, blend };

/// Whether the workers go on while their mean travels, and in how many pieces the vector meets. No torch
/// here.
struct OverlapOptions {
  bool delayed = false;  ///< a meeting's outcome lands later than the meeting begins
  std::optional<int64_t>
      delay;  ///< steps until it lands; nothing: a whole round, until the next meeting begins
  Merge merge = Merge::blend;
  double blend = 0.5;     ///< the worker's own share, where merge is blend
  int64_t fragments = 1;  ///< pieces that meet by turns, each once in a round
  /// Every round is one meeting of the whole vector at its end, for which all wait.
  bool plain() const { return !delayed && fragments == 1; }
  /// Throws OptionError.
  void validate() const;
};

}  // namespace muster::inline rounds
