#include "muster/asynchronous/lost_rounds.h"

#include <algorithm>
#include <string>

namespace muster::inline asynchronous {

void LostRounds::add(int64_t worker, int64_t sequence) {
  OfWorker& one = workers_[worker];
  one.newest.push_back(sequence);
  if (one.newest.size() <= kept) return;
  one.all_below = one.newest.front() + 1;
  one.newest.erase(one.newest.begin());
}

bool LostRounds::contains(int64_t worker, int64_t sequence) const {
  const auto found = workers_.find(worker);
  if (found == workers_.end()) return false;
  const OfWorker& one = found->second;
  return sequence < one.all_below ||
         std::find(one.newest.begin(), one.newest.end(), sequence) != one.newest.end();
}

Numbers LostRounds::state() const {
  Numbers numbers;
  numbers.set("workers", static_cast<int64_t>(workers_.size()));
  int64_t place = 0;
  for (const auto& [worker, one] : workers_) {
    const std::string name = std::to_string(place++);
    numbers.set(name + ".worker", worker);
    numbers.set(name + ".all_below", one.all_below);
    numbers.set(name + ".rounds", static_cast<int64_t>(one.newest.size()));
    for (size_t i = 0; i < one.newest.size(); ++i) numbers.set(name + "." + std::to_string(i), one.newest[i]);
  }
  return numbers;
}

void LostRounds::restore(const Numbers& numbers) {
  workers_.clear();
  for (int64_t place = 0; place < numbers.integer("workers"); ++place) {
    const std::string name = std::to_string(place);
    OfWorker& one = workers_[numbers.integer(name + ".worker")];
    one.all_below = numbers.integer(name + ".all_below");
    for (int64_t i = 0; i < numbers.integer(name + ".rounds"); ++i)
      one.newest.push_back(numbers.integer(name + "." + std::to_string(i)));
  }
}

}  // namespace muster::inline asynchronous
