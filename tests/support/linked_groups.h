#pragma once

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "muster/comm/linked_group.h"
#include "muster/comm/solo.h"
#include "muster/links/connect_links.h"
#include "tests/support/memory_store.h"

namespace muster::test {

/// All ranks of a group over links of this kind, in this process; a group of one is alone.
inline std::vector<std::unique_ptr<Communicator>> linked_groups(LinkKind kind, int size,
                                                                int64_t slice_bytes) {
  std::vector<std::unique_ptr<Communicator>> group(static_cast<size_t>(size));
  if (size == 1) {
    group[0] = std::make_unique<Solo>();
    return group;
  }
  MemoryStore store;
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank)
    threads.emplace_back([&, rank] {
      LinkOptions options;
      options.interface = "lo";
      options.connect_within = std::chrono::seconds(20);
      group[static_cast<size_t>(rank)] =
          make_linked_group(connect_links(kind, store, "test/", rank, size, options).links, nullptr,
                            {.slice_bytes = slice_bytes, .patience = std::chrono::seconds(20)});
    });
  for (std::thread& thread : threads) thread.join();
  return group;
}

}  // namespace muster::test
