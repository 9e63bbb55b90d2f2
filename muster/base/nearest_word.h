#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace muster::inline base {

/// The candidate with the smallest edit distance to `word` (ties: the first), or "" when none is near
/// (more than half of the word's letters, at least 2, would change).
std::string nearest_word(std::string_view word, const std::vector<std::string>& candidates);

/// The remedy for a word that is none of `words`: "must be one of a, b; did you mean b?".
std::string must_be_one_of(std::string_view word, const std::vector<std::string>& words);

}  // namespace muster::inline base
