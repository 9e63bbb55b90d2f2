#pragma once

#include <cstdint>
#include <string_view>

namespace muster::inline report {

/// The decision on a statement by the interval over the seeds: it lies wholly on the statement's side, wholly
/// on the other, or neither.
enum class Decision { holds, refuted, undecided };
std::string_view decision_word(Decision decision);

/// Confidence of the (Student's) intervals that decide.
inline constexpr double decision_confidence = 0.99;
/// A decision needs at least so many seeds.
inline constexpr int64_t seeds_for_a_decision = 8;

}  // namespace muster::inline report
