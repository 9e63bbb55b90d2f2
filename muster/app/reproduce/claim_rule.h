#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/report/decision.h"

namespace muster::inline app {

/// The relation that a part of a measured claim states between the values of its arm and those of the other.
/// no_more, no_less and same hold within the part's margin.
enum class Direction { less, more, no_more, no_less, same };
std::string_view direction_word(Direction direction);
/// None for a word that is no direction.
std::optional<Direction> direction_of(std::string_view word);

/// A comparison of the arm's values with `times` those of the other, paired by seed.
struct Comparison {
  Direction direction = Direction::less;
  double times = 1;
  double margin = 0;
  bool margin_is_share = false;  ///< the margin is a share of the other's values
};

/// The outcome of a comparison over the seeds.
struct Decided {
  Decision decision = Decision::undecided;
  int64_t pairs = 0;
  double mean = 0, error = 0;  ///< of arm - times * other, and its standard error
  double low = 0, high = 0;    ///< Student's 99 % interval of that mean
  double chance = 1;           ///< two-sided p of the decision that stands; 1 where undecided
  double margin = 0;           ///< in the values' unit; where it is a share, that of the other's mean
};

/// The one rule of all measured claims. The differences of the pairs have a mean and Student's 99 % interval;
/// wholly on the claimed side: holds; wholly on the other: refuted; else undecided. Throws DataError: fewer
/// than eight pairs, lists of different lengths, a value that is not finite.
Decided decide(const Comparison& comparison, const std::vector<double>& arm,
               const std::vector<double>& other);

/// All parts hold: holds; one is refuted: refuted; else undecided. With the p of that decision: the largest
/// of the parts that all must hold, or the least refuted one's times their number.
struct DecidedClaim {
  Decision decision = Decision::undecided;
  double chance = 1;
};
DecidedClaim decide_all(const std::vector<Decided>& parts);

/// Holm's step-down correction (1979): for each p whether its decision also stands at 1 % over all of them
/// together.
std::vector<bool> stands_with_holm(const std::vector<double>& chances);

}  // namespace muster::inline app
