#pragma once

#include <memory>

#include "muster/comm/communicator.h"

namespace muster::inline comm {

/// The ranks of a run in blocks of equally many consecutive ranks: a block is the processes of one machine,
/// and the network between machines is slow. A mean of N ranks in blocks of G (Mikami et al., "Massively
/// Distributed SGD", 2018: reduce-scatter in rows, all-reduce in columns, all-gather in rows):
///   rank i of every block receives part i of its block's vectors and takes their mean, added in rank order;
///   the ranks i of all blocks take the mean of these, part by part;
///   every block gathers its parts.
/// So a block sends its vector to the others once, spread over its ranks, and not G times. A mean has the
/// same bits on every rank and from run to run; it differs from the serial sum by rounding. Vectors of at
/// most 4096 bytes, and all other operations, go over the group `all` as they are. Means go on while the
/// caller computes.
///
/// `block`: the ranks of this rank's block. `across`: the ranks at the same position in their blocks, in the
/// order of the blocks. When one of the groups is lost, all three are left, so that every rank learns of it.
/// REQUIRES: all.size() = block.size() * across.size(), all.rank() = across.rank() * block.size() +
/// block.rank().
std::unique_ptr<Communicator> make_two_level_group(std::unique_ptr<Communicator> all,
                                                   std::unique_ptr<Communicator> block,
                                                   std::unique_ptr<Communicator> across);

}  // namespace muster::inline comm
