#pragma once

#include <future>
#include <memory>
#include <optional>
#include <vector>

#include "muster/links/shared_memory_links.h"
#include "tests/support/memory_store.h"

namespace muster::test {

/// Links over shared memory between ranks of this process.
inline std::vector<std::unique_ptr<Links>> connect_threads(int size, const LinkOptions& options = {},
                                                           const std::optional<LaneShape>& shape = {}) {
  MemoryStore store;
  std::vector<std::future<std::unique_ptr<Links>>> coming;
  for (int rank = 0; rank < size; ++rank)
    coming.push_back(std::async(std::launch::async, [&, rank] {
      return connect_shared_memory_links(store, "group/", rank, size, options, shape);
    }));
  std::vector<std::unique_ptr<Links>> links;
  for (auto& one : coming) links.push_back(one.get());
  return links;
}

}  // namespace muster::test
