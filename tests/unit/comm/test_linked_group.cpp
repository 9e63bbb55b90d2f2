#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/links/thread_links.h"
#include "tests/contract/communicator_contract.h"
#include "tests/support/have_gloo.h"
#include "tests/support/linked_groups.h"

namespace muster {
namespace {

using contract::check_communicator;
using test::linked_groups;
using testing::IsEmpty;

TEST(LinkedGroup, KeepsTheContractOverGloo) {
  if (!test::have_gloo) GTEST_SKIP() << "built without Gloo";
  const auto large = [](int size) { return linked_groups(LinkKind::gloo, size, 8 << 20); };
  const auto small = [](int size) { return linked_groups(LinkKind::gloo, size, 5000); };
  EXPECT_THAT(check_communicator({large, {2, 3, 5}}), IsEmpty());
  EXPECT_THAT(check_communicator({small, {2, 4}}), IsEmpty());
}

TEST(LinkedGroup, KeepsTheContractOverSharedMemory) {
  const auto large = [](int size) { return linked_groups(LinkKind::shared_memory, size, 8 << 20); };
  const auto small = [](int size) { return linked_groups(LinkKind::shared_memory, size, 5000); };
  EXPECT_THAT(check_communicator({large, {2, 3, 5}}), IsEmpty());
  EXPECT_THAT(check_communicator({small, {2, 4}}), IsEmpty());
}

TEST(LinkedGroup, KeepsTheContractBetweenThreads) {
  const auto make = [](int size) {
    contract::Group group;
    for (auto& links : make_thread_links(size))
      group.push_back(make_linked_group(std::move(links), nullptr,
                                        {.slice_bytes = 5000, .patience = std::chrono::seconds(20)}));
    return group;
  };
  EXPECT_THAT(check_communicator({make, {2, 3}}), IsEmpty());
}

}  // namespace
}  // namespace muster
