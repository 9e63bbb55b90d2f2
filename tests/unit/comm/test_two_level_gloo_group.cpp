#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "muster/comm/linked_group.h"
#include "muster/comm/solo.h"
#include "muster/links/gloo_links.h"
#include "tests/support/memory_store.h"
#include "tests/unit/comm/in_blocks.h"

namespace muster {
namespace {

contract::Group gloo(int size, const std::string&) {
  contract::Group group(static_cast<size_t>(size));
  if (size == 1) {
    group[0] = std::make_unique<Solo>();
    return group;
  }
  test::MemoryStore store;
  std::vector<std::thread> ranks;
  for (int rank = 0; rank < size; ++rank)
    ranks.emplace_back([&, rank] {
      LinkOptions links;
      links.interface = "lo";
      links.connect_within = std::chrono::seconds(20);
      group[static_cast<size_t>(rank)] =
          make_linked_group(connect_gloo_links(store, "test/", rank, size, links), nullptr,
                            {.slice_bytes = 1 << 16, .patience = std::chrono::seconds(20)});
    });
  for (std::thread& rank : ranks) rank.join();
  return group;
}

TEST(TwoLevelGroup, KeepsTheContractOverGloo) {
  EXPECT_THAT(test::broken_promises(4, 2, gloo), testing::IsEmpty());
}

}  // namespace
}  // namespace muster
