#include "muster/base/nearest_word.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace muster::inline base {

namespace {

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

std::string nearest_word(std::string_view word, const std::vector<std::string>& candidates) {
  size_t best = std::max<size_t>(2, word.size() / 2) + 1;
  std::string nearest;
  for (const auto& candidate : candidates) {
    const size_t distance = edit_distance(word, candidate);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string must_be_one_of(std::string_view word, const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& known : words) text += (text.empty() ? "must be one of " : ", ") + known;
  const std::string nearest = nearest_word(word, words);
  return nearest.empty() ? text : text + "; did you mean " + nearest + "?";
}

}  // namespace muster::inline base
