#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "muster/comm/two_level_group.h"
#include "tests/contract/communicator_contract.h"

namespace muster::test {

/// A group of its own for each name.
using Maker = std::function<contract::Group(int size, const std::string& name)>;

/// `size` ranks in blocks of `block`, over groups made by `make`.
inline contract::Group in_blocks(int size, int block, const Maker& make) {
  contract::Group all = make(size, "all"), blocks, across(static_cast<size_t>(size));
  for (int number = 0; number < size / block; ++number)
    for (auto& rank : make(block, "block" + std::to_string(number))) blocks.push_back(std::move(rank));
  for (int place = 0; place < block; ++place) {
    contract::Group column = make(size / block, "across" + std::to_string(place));
    for (int number = 0; number < size / block; ++number)
      across[static_cast<size_t>(number * block + place)] = std::move(column[static_cast<size_t>(number)]);
  }
  contract::Group group;
  for (size_t rank = 0; rank < all.size(); ++rank)
    group.push_back(
        make_two_level_group(std::move(all[rank]), std::move(blocks[rank]), std::move(across[rank])));
  return group;
}

inline std::vector<std::string> broken_promises(int size, int block, const Maker& make) {
  return contract::check_communicator({.make = [&](int ranks) { return in_blocks(ranks, block, make); },
                                       .sizes = {size},
                                       .serial_bits = false});
}

}  // namespace muster::test
