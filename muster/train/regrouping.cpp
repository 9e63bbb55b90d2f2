#include "muster/train/regrouping.h"

#include <algorithm>
#include <set>
#include <vector>

#include "muster/base/error.h"
#include "muster/comm/state_exchange.h"
#include "muster/flat/vector.h"

namespace muster::inline train {

namespace {

/// No time limit: the death of a member is reported and ends the wait.
Deadline whenever() { return deadline_in(std::chrono::hours(24 * 365)); }

/// Gathers one number from every rank.
std::vector<int64_t> gather_numbers(Communicator& group, int64_t mine) {
  Vector number = uninitialised_vector(1, ElementType::int64);
  *number.data<int64_t>() = mine;
  std::vector<Vector> all;
  for (int rank = 0; rank < group.size(); ++rank) all.push_back(uninitialised_vector(1, ElementType::int64));
  group.start_gather(number, all)->wait(whenever());
  std::vector<int64_t> numbers;
  for (const Vector& one : all) numbers.push_back(*one.data<int64_t>());
  return numbers;
}

}  // namespace

Regrouping::Outcome Regrouping::regroup() {
  while (true) {
    if (!next_group()) return Outcome::no_store;
    try {
      return synchronise() ? Outcome::goes_on : Outcome::begins_again;
    } catch (const LostPeer&) {
      // A member died meanwhile, or this process was suspended: try again.
    }
  }
}

// False without a store; throws where too few are left. Where the others have gone on without this process,
// its state no longer counts.
bool Regrouping::next_group() {
  try {
    parts_.averager.use_group(parts_.member.next_group(holds_state_ ? parts_.method.rounds() : -1));
  } catch (const LostPeer&) {
    holds_state_ = holds_state_ && parts_.member.counts();
    if (!parts_.member.store_gone()) throw;
    return false;
  }
  holds_state_ = holds_state_ && parts_.member.counts();
  parts_.method.regrouped();
  return true;
}

Regrouping::Outcome Regrouping::enter() {
  try {
    return synchronise() ? Outcome::goes_on : Outcome::begins_again;
  } catch (const LostPeer&) {
    return regroup();
  }
}

void Regrouping::go_alone() {
  if (!holds_state_)
    throw LostPeer("the store of the run is gone, and this process does not hold the run's state");
  parts_.averager.use_group(parts_.member.go_alone());
  parts_.method.regrouped();
  share_data(false);
}

// Every rank takes the same decision, from the generation's versions.
bool Regrouping::synchronise() {
  const Generation& generation = parts_.member.generation();
  const auto& versions = generation.versions;
  const int64_t newest = *std::max_element(versions.begin(), versions.end());
  if (newest < 0) return false;
  Communicator& group = parts_.averager.group();
  const auto source =
      static_cast<int>(std::find(versions.begin(), versions.end(), newest) - versions.begin());
  const bool behind = versions[static_cast<size_t>(group.rank())] < newest;
  if (std::any_of(versions.begin(), versions.end(), [&](int64_t version) { return version < newest; })) {
    std::vector<State> states(static_cast<size_t>(group.size()));
    if (group.rank() == source)
      for (size_t rank = 0; rank < states.size(); ++rank)
        if (versions[rank] < newest) states[rank] = handed_over();
    const State mine = scatter_states(group, states, source, whenever());
    if (behind) take_over(mine);
  }
  holds_state_ = true;
  share_data(behind);
  return true;
}

State Regrouping::handed_over() const {
  State state;
  state.insert("method", parts_.method.state_for_newcomers());
  state.numbers.insert("record", parts_.record.state());
  state.numbers.insert("sampler", parts_.sampler.state());
  state.tensors["folder"] = text_tensor(folder_);
  state.tensors["lines"] = text_tensor(parts_.record.lines.text());
  return state;
}

void Regrouping::take_over(const State& state) {
  parts_.method.adopt(state.part_of("method"));
  parts_.record.restore(state.numbers.part_of("record"));
  parts_.sampler.restore(state.numbers.part_of("sampler"), -1);
  parts_.record.lines.restore(tensor_text(state.tensors.at("lines").values));
  folder_ = tensor_text(state.tensors.at("folder").values);
}

void Regrouping::restore_sharing(const Numbers& sharing) {
  Communicator& group = parts_.averager.group();
  parts_.sampler.restore(sharing, group.rank());
  parts_.sampler.reshare(parts_.method.round_end(), group.size(), group.rank());
}

// A rank that has a share of the present epoch keeps it; newcomers take the shares left over. The next epoch
// is dealt to all.
void Regrouping::share_data(bool entered) {
  Communicator& group = parts_.averager.group();
  const int64_t now = parts_.method.step(), next = parts_.method.round_end();
  const std::vector<int64_t> shares =
      gather_numbers(group, entered ? -1 : parts_.sampler.share_at(parts_.method.step()));
  const std::set<int64_t> taken(shares.begin(), shares.end());
  int64_t free = 0;
  for (int rank = 0; rank < group.size(); ++rank) {
    if (shares[static_cast<size_t>(rank)] >= 0) continue;
    while (taken.contains(free)) ++free;
    if (rank == group.rank()) parts_.sampler.take_share(now, free);
    ++free;
  }
  parts_.sampler.reshare(next, group.size(), group.rank());
}

}  // namespace muster::inline train
