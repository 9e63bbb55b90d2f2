#pragma once

#include <cstdint>
#include <string_view>

namespace muster {

/// What the seeds say of a statement: their interval lies wholly on its side, wholly on the other, or
/// neither.
enum class Decision { holds, refuted, undecided };
std::string_view decision_word(Decision decision);

/// Confidence of the intervals (Student's) by which is decided.
inline constexpr double decision_confidence = 0.99;
/// A decision needs at least so many seeds.
inline constexpr int64_t seeds_for_a_decision = 8;

}  // namespace muster
