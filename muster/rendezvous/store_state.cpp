#include "muster/rendezvous/store_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "muster/base/error.h"

namespace muster::inline rendezvous {

void StoreState::set(const std::string& key, const std::string& value) {
  values_[key] = value;
  const auto found = waiting_for_.find(key);
  if (found == waiting_for_.end()) return;
  for (const uint64_t number : std::exchange(found->second, {})) {
    Wait wait = std::move(waits_.at(number));
    waits_.erase(number);
    look(number, std::move(wait));
  }
  if (found->second.empty()) waiting_for_.erase(found);
}

std::optional<std::string> StoreState::get(const std::string& key) const {
  const auto found = values_.find(key);
  if (found == values_.end()) return std::nullopt;
  return found->second;
}

bool StoreState::check(const std::vector<std::string>& keys) const {
  return std::ranges::all_of(keys, [this](const std::string& key) { return values_.contains(key); });
}

int64_t StoreState::add(const std::string& key, int64_t by) {
  int64_t number = 0;
  if (const auto found = values_.find(key); found != values_.end()) {
    const std::string& text = found->second;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc() || end != text.data() + text.size())
      throw Error(fmt::format("the store's key '{}' holds no number that {} could be added to", key, by));
  }
  int64_t sum = 0;
  if (__builtin_add_overflow(number, by, &sum))
    throw Error(
        fmt::format("the store's key '{}' holds {}: {} more is too much for 64 bits", key, number, by));
  set(key, std::to_string(sum));
  return sum;
}

std::string StoreState::compare_set(const std::string& key, const std::string& expected,
                                    const std::string& wanted) {
  const std::optional<std::string> held = get(key);
  if (held ? *held == expected : expected.empty()) {
    set(key, wanted);
    return wanted;
  }
  return held.value_or(expected);
}

bool StoreState::remove(const std::string& key) { return values_.erase(key) > 0; }

void StoreState::park(const Ticket& ticket, const std::vector<std::string>& keys, bool with_value,
                      SteadyTime deadline) {
  look(next_wait_++, Wait{ticket, keys, with_value, deadline, {}});
}

void StoreState::look(uint64_t number, Wait wait) {
  const auto missing =
      std::ranges::find_if_not(wait.keys, [this](const std::string& key) { return values_.contains(key); });
  if (missing == wait.keys.end()) {
    answers_.push_back({wait.ticket, true, std::nullopt});
    if (wait.with_value) answers_.back().value = get(wait.keys.front());
    return;
  }
  wait.missing = *missing;
  waiting_for_[wait.missing].insert(number);
  waits_.emplace(number, std::move(wait));
}

void StoreState::drop(uint64_t number) {
  const auto wait = waits_.find(number);
  const auto others = waiting_for_.find(wait->second.missing);
  others->second.erase(number);
  if (others->second.empty()) waiting_for_.erase(others);
  waits_.erase(wait);
}

void StoreState::expire(SteadyTime now) {
  std::vector<uint64_t> due;
  for (const auto& [number, wait] : waits_)
    if (wait.deadline <= now) due.push_back(number);
  for (const uint64_t number : due) {
    answers_.push_back({waits_.at(number).ticket, false, std::nullopt});
    drop(number);
  }
}

void StoreState::forget(uint64_t connection) {
  std::vector<uint64_t> theirs;
  for (const auto& [number, wait] : waits_)
    if (wait.ticket.connection == connection) theirs.push_back(number);
  for (const uint64_t number : theirs) drop(number);
}

std::optional<SteadyTime> StoreState::next_deadline() const {
  std::optional<SteadyTime> first;
  for (const auto& [number, wait] : waits_)
    if (!first || wait.deadline < *first) first = wait.deadline;
  return first;
}

std::vector<StoreState::Answer> StoreState::take_answers() { return std::exchange(answers_, {}); }

}  // namespace muster::inline rendezvous
