#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdlib>
#include <thread>

#include "muster/app/processes/freed_memory.h"

namespace muster {
namespace {

int64_t pages_brought_in() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_minflt;
}

// Page faults of a thread that takes, fills and frees a block as large as a network's activations.
int64_t faults_of_a_buffer() {
  int64_t faults = 0;
  std::thread([&] {
    const int64_t before = pages_brought_in();
    constexpr size_t bytes = size_t{64} << 20, page = 4096;
    auto* block = static_cast<volatile char*>(std::malloc(bytes));  // volatile: not to be optimised away
    for (size_t i = 0; i < bytes; i += page) block[i] = 1;
    std::free(const_cast<char*>(block));
    faults = pages_brought_in() - before;
  }).join();
  return faults;
}

TEST(FreedMemory, IsTakenAgainWithoutNewPages) {
#if !defined(__GLIBC__) || defined(MUSTER_SANITIZED)
  GTEST_SKIP() << "the allocator is not glibc's";
#endif
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // in a process of its own: it changes all of a process
  EXPECT_EXIT(
      {
        keep_freed_memory();
        faults_of_a_buffer();
        std::exit(faults_of_a_buffer() < 1000 ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace muster
