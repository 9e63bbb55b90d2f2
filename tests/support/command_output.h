#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/built_in.h"

namespace muster::test {

/// What a command prints to standard output; it must return 0. Lets its exceptions through.
inline std::string output_of(int (*command)(const Catalogue&, const std::vector<std::string>&),
                             const std::vector<std::string>& words) {
  testing::internal::CaptureStdout();
  try {
    EXPECT_EQ(command(catalogue, words), 0);
  } catch (...) {
    testing::internal::GetCapturedStdout();
    throw;
  }
  return testing::internal::GetCapturedStdout();
}

}  // namespace muster::test
