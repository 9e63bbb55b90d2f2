#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace muster::inline base {

/// The candidate with the smallest edit distance to `word` (ties: the first), or "" when none is near
/// (more than half of the word's letters, at least 2, would change).
std::string nearest_word(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace muster::inline base
