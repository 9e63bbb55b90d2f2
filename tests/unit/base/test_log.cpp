#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "muster/base/log.h"

namespace {

/// Standard error leads elsewhere for as long as this lives.
class StandardErrorTo {
 public:
  explicit StandardErrorTo(int target) : before_(::dup(STDERR_FILENO)) { ::dup2(target, STDERR_FILENO); }
  ~StandardErrorTo() {
    ::dup2(before_, STDERR_FILENO);
    ::close(before_);
  }

 private:
  int before_;
};

TEST(Log, WritesATextAsItIs) {
  testing::internal::CaptureStderr();
  muster::print_log("step {} of {}\n", 3, 10);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "step 3 of 10\n");
}

TEST(Log, AFullDeviceIsNoError) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  {
    const StandardErrorTo redirected(full);
    EXPECT_NO_THROW(muster::print_log("{}\n", "lost"));
  }
  ::close(full);
  testing::internal::CaptureStderr();
  muster::print_log("heard again\n");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "heard again\n");
}

}  // namespace
