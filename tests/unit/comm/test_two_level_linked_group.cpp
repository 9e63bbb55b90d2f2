#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/have_gloo.h"
#include "tests/support/linked_groups.h"
#include "tests/unit/comm/codec/in_blocks.h"

namespace muster {
namespace {

using testing::IsEmpty;

TEST(TwoLevelGroup, KeepsTheContractOverGloo) {
  if (!test::have_gloo) GTEST_SKIP() << "built without Gloo";
  const auto make = [](int size, const std::string&) {
    return test::linked_groups(LinkKind::gloo, size, 1 << 16);
  };
  EXPECT_THAT(test::broken_promises(4, 2, make), IsEmpty());
}

TEST(TwoLevelGroup, KeepsTheContractOverSharedMemory) {
  const auto make = [](int size, const std::string&) {
    return test::linked_groups(LinkKind::shared_memory, size, 1 << 16);
  };
  EXPECT_THAT(test::broken_promises(4, 2, make), IsEmpty());
}

}  // namespace
}  // namespace muster
