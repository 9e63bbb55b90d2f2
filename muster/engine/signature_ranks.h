#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "muster/comm/communicator.h"

namespace muster::inline engine {

/// The groups that a rank belongs to.
struct RankGroups {
  std::unique_ptr<Communicator> all;
  std::unique_ptr<Communicator> inner{};  ///< of the ranks that meet within a round; null: none
};

/// So many ranks of one process over ThreadGroup.
std::vector<RankGroups> thread_ranks(int ranks);
/// The same in blocks of two, whose means have two levels. REQUIRES: an even number.
std::vector<RankGroups> block_ranks(int ranks);
/// Over links of the loopback interface. Throws Error, LostPeer.
std::vector<RankGroups> linked_ranks(int ranks);

/// body(rank) on a thread for each rank; throws the first rank's error.
void on_all_ranks(int ranks, const std::function<void(int rank)>& body);

}  // namespace muster::inline engine
