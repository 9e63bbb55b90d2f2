#include "muster/asynchronous/norm_watch.h"

#include <algorithm>
#include <string>

#include "muster/base/error.h"

namespace muster::inline asynchronous {

void NormWatch::add(double norm) {
  if (norms_.size() < window)
    norms_.push_back(norm);
  else
    norms_[next_] = norm;
  next_ = (next_ + 1) % window;
}

std::optional<double> NormWatch::median() const {
  if (norms_.size() < least) return std::nullopt;
  std::vector<double> sorted = norms_;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle > 0 ? std::optional(*middle) : std::nullopt;
}

bool NormWatch::far_above(double norm) const {
  const auto usual = median();
  return usual && norm > far * *usual;
}

Numbers NormWatch::state() const {
  Numbers numbers;
  numbers.set("norms", static_cast<int64_t>(norms_.size()));
  numbers.set("next", static_cast<int64_t>(next_));
  for (size_t i = 0; i < norms_.size(); ++i) numbers.set("norm" + std::to_string(i), norms_[i]);
  return numbers;
}

void NormWatch::restore(const Numbers& numbers) {
  const int64_t count = numbers.integer("norms"), next = numbers.integer("next");
  if (count < 0 || count > static_cast<int64_t>(window) || next < 0 || next >= static_cast<int64_t>(window))
    throw CheckpointError("a snapshot holds an impossible number of norms");
  norms_.clear();
  for (int64_t i = 0; i < count; ++i) norms_.push_back(numbers.real("norm" + std::to_string(i)));
  next_ = static_cast<size_t>(next);
}

}  // namespace muster::inline asynchronous
