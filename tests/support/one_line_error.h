#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/child_process.h"

namespace muster::test {

/// The program ended with exit code 2 and said what is wrong in one line on standard error, every part of
/// `told` in it.
inline void expect_one_line_error(const Ended& ended, const std::vector<std::string>& told) {
  EXPECT_EQ(ended.code, 2);
  const size_t at = ended.err.find("muster: error: ");
  ASSERT_NE(at, std::string::npos) << ended.err;
  const std::string message = ended.err.substr(at);
  EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 1) << message;
  for (const auto& part : told) EXPECT_THAT(message, ::testing::HasSubstr(part));
}

}  // namespace muster::test
