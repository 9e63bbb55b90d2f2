#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>

#include "muster/base/error.h"
#include "muster/base/output.h"

namespace muster {
namespace {

TEST(Output, WritesResultsAndMakesNamesPrintable) {
  testing::internal::CaptureStdout();
  write_output("\x1b raw\n");
  print_output("{} of {}\n", std::string("a\x1b"), 3);
  flush_output();
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "\x1b raw\na\\x1b of 3\n");
}

TEST(Output, AFullDeviceIsAnError) {
  std::fflush(stdout);
  const int before = ::dup(STDOUT_FILENO), full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  ::dup2(full, STDOUT_FILENO);
  std::string told;
  try {
    write_output("lost\n");
    flush_output();
  } catch (const FileError& error) {
    told = error.what();
  }
  std::clearerr(stdout);
  ::dup2(before, STDOUT_FILENO);
  ::close(before);
  ::close(full);
  EXPECT_THAT(told, testing::HasSubstr("standard output: No space left"));
}

}  // namespace
}  // namespace muster
