#include "muster/app/freed_memory.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdlib>
#include <cstring>
#include <thread>

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
    void* volatile block = std::malloc(size_t{64} << 20);  // volatile: not to be optimised away
    std::memset(block, 1, size_t{64} << 20);
    std::free(block);
    faults = pages_brought_in() - before;
  }).join();
  return faults;
}

TEST(FreedMemory, IsTakenAgainWithoutNewPages) {
#if !defined(__GLIBC__) || defined(MUSTER_SANITIZED)
  GTEST_SKIP() << "the allocator is not glibc's";
#endif
  EXPECT_GT(faults_of_a_buffer() + faults_of_a_buffer(), 10000) << "usually every buffer is new";
  keep_freed_memory();
  faults_of_a_buffer();
  EXPECT_LT(faults_of_a_buffer(), 1000);
}

}  // namespace
}  // namespace muster
