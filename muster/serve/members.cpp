#include "muster/serve/members.h"

#include <algorithm>

#include "muster/base/same_secret.h"

namespace muster::inline serve {

namespace {

std::string bytes_of_session(int64_t session) {
  return {reinterpret_cast<const char*>(&session), sizeof session};
}

}  // namespace

Member* Members::find(const MemberIdentity& who) {
  const auto found = members_.find(who.worker);
  if (found == members_.end() ||
      !same_secret(bytes_of_session(found->second.session), bytes_of_session(who.session)))
    return nullptr;
  found->second.heard = std::chrono::steady_clock::now();
  return &found->second;
}

const Member* Members::of(int64_t worker) const {
  const auto found = members_.find(worker);
  return found == members_.end() ? nullptr : &found->second;
}

int64_t Members::free_number() const {
  int64_t number = 0;
  for (const auto& [worker, one] : members_) {
    if (worker != number) break;
    ++number;
  }
  return number;
}

std::vector<int64_t> Members::silent_since(Time then) const {
  std::vector<int64_t> silent;
  for (const auto& [worker, one] : members_)
    if (one.heard < then) silent.push_back(worker);
  return silent;
}

void Members::forgive(Time now, std::chrono::steady_clock::duration silence) {
  for (auto& [worker, one] : members_) one.heard = std::min(now, one.heard + silence);
}

void Members::all_heard(Time now) {
  for (auto& [worker, one] : members_) one.heard = now;
}

bool Members::all_know() const {
  return std::all_of(members_.begin(), members_.end(), [](const auto& one) { return one.second.knows; });
}

}  // namespace muster::inline serve
