#include "muster/links/bell.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <ctime>

namespace muster::inline links {

namespace {

// Not the private kind: the word lies in memory of several processes.
long futex(std::atomic<uint32_t>& word, int operation, uint32_t value, const timespec* at_most) {
  return ::syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), operation, value, at_most, nullptr, 0);
}

}  // namespace

uint32_t Bell::prepare_wait() {
  sleeps_.store(1, std::memory_order_relaxed);
  // A rank that acts after the owner's last look sees that the owner sleeps.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  return rings_.load(std::memory_order_acquire);
}

bool Bell::sleep(uint32_t rings, std::chrono::milliseconds at_most) {
  const timespec time{.tv_sec = at_most.count() / 1000, .tv_nsec = at_most.count() % 1000 * 1'000'000};
  // A ring, a wake-up or a signal: the caller looks again in any case.
  return futex(rings_, FUTEX_WAIT, rings, &time) == 0 || errno != ETIMEDOUT;
}

void Bell::end_wait() { sleeps_.store(0, std::memory_order_relaxed); }

void Bell::ring() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (sleeps_.load(std::memory_order_relaxed) == 0) return;
  rings_.fetch_add(1, std::memory_order_release);
  futex(rings_, FUTEX_WAKE, INT_MAX, nullptr);
}

}  // namespace muster::inline links
