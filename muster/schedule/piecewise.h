#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "muster/schedule/sync_schedule.h"

namespace muster::inline schedule {

/// From `step` on, rounds have `period` steps.
struct PeriodPiece {
  int64_t step = 0;
  int64_t period = 1;
  bool operator==(const PeriodPiece&) const = default;
};

struct PiecewiseOptions {
  std::vector<PeriodPiece> pieces{};  ///< schedule.pieces: the first at step 0, steps rising, periods >= 1
  void validate() const;
};

/// A given period for each range of steps. The piece in which a round starts gives its length; a round is not
/// cut where the next piece begins.
class Piecewise : public SyncSchedule {
 public:
  /// Throws OptionError.
  explicit Piecewise(PiecewiseOptions options);
  Round next_round(const RoundStart& start) override;

 private:
  PiecewiseOptions options_;
};

/// "0:4,1000:16": step:period, separated by commas; blanks are skipped. Throws OptionError (schedule.pieces).
std::vector<PeriodPiece> parse_pieces(std::string_view text);

/// The content of a CSV file: two columns step,period, one line per piece; a first line that holds words is
/// taken as the heading; empty lines and lines that begin with # are skipped. `source` names the file in
/// errors. Throws OptionError (schedule.pieces) with the line's number.
std::vector<PeriodPiece> parse_pieces_csv(std::string_view content, std::string_view source = "CSV");

/// The inverse of parse_pieces.
std::string format_pieces(const std::vector<PeriodPiece>& pieces);

}  // namespace muster::inline schedule
