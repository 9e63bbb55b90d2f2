#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "muster/base/random.h"

namespace muster::test {

/// Mostly one of the good texts with up to five changes (a byte, a bit, a piece cut out or doubled, or what
/// `change_more(bytes, at, count)` does); sometimes cut off, and sometimes less than `longest_garbage`
/// senseless bytes.
template <class ChangeMore>
std::string damaged_bytes(RandomStream& random, const std::vector<std::string>& good,
                          uint64_t longest_garbage, ChangeMore change_more) {
  if (random.below(16) == 0) {
    std::string garbage(random.below(longest_garbage), '\0');
    for (char& byte : garbage) byte = static_cast<char>(random.next_u32());
    return garbage;
  }
  std::string bytes = good[random.below(good.size())];
  for (uint64_t changes = random.below(6); changes > 0 && !bytes.empty(); --changes) {
    const uint64_t at = random.below(bytes.size());
    const uint64_t count = std::min<uint64_t>(random.below(12), bytes.size() - at);
    switch (random.below(5)) {
      case 0:
        bytes[at] = static_cast<char>(random.next_u32());
        break;
      case 1:
        bytes[at] = static_cast<char>(bytes[at] ^ (1U << random.below(8)));
        break;
      case 2:
        bytes.erase(at, count);
        break;
      case 3:
        bytes.insert(at, bytes.substr(at, count));
        break;
      default:
        change_more(bytes, at, count);
        break;
    }
  }
  if (random.below(8) == 0) bytes.resize(random.below(bytes.size() + 1));
  return bytes;
}

}  // namespace muster::test
