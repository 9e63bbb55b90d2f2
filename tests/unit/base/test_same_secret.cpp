#include <gtest/gtest.h>

#include "muster/base/same_secret.h"

namespace muster {
namespace {

TEST(Secrets, AreTheSameOrNot) {
  EXPECT_TRUE(same_secret("abc", "abc"));
  EXPECT_TRUE(same_secret("", ""));
  for (const char* other : {"", "ab", "abcd", "abd", "xbc", "abcabc"}) {
    EXPECT_FALSE(same_secret("abc", other)) << other;
    EXPECT_FALSE(same_secret(other, "abc")) << other;
  }
}

}  // namespace
}  // namespace muster
