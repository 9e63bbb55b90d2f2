#include "muster/train/stop_signal.h"

#include <atomic>
#include <csignal>

#include "muster/base/error.h"

namespace muster::inline train {

namespace {

// A signal handler can reach nothing but globals; a lock-free atomic is safe in it.
std::atomic<int> received = 0;
static_assert(std::atomic<int>::is_always_lock_free);
std::atomic<bool> installed = false;
struct sigaction earlier_interrupt;
struct sigaction earlier_terminate;
struct sigaction earlier_hangup;

void remember(int number) { received.store(number); }

void install(int number, int flags, struct sigaction& earlier) {
  struct sigaction action {};
  action.sa_handler = remember;
  action.sa_flags = flags;
  sigemptyset(&action.sa_mask);
  ::sigaction(number, nullptr, &earlier);  // fails for numbers that are no signals only
  // Likewise.
  if (earlier.sa_handler != SIG_IGN) ::sigaction(number, &action, nullptr);
}

}  // namespace

StopSignal::StopSignal() {
  invariant(!installed.exchange(true), "only one StopSignal at a time");
  received.store(0);
  // SA_RESETHAND: the default action comes back with the first Ctrl-C. A repeated SIGTERM is still only
  // remembered.
  install(SIGINT, SA_RESTART | SA_RESETHAND, earlier_interrupt);
  install(SIGTERM, SA_RESTART, earlier_terminate);
  install(SIGHUP, SA_RESTART, earlier_hangup);
}

StopSignal::~StopSignal() {
  ::sigaction(SIGINT, &earlier_interrupt, nullptr);   // fails for numbers that are no signals only
  ::sigaction(SIGTERM, &earlier_terminate, nullptr);  // likewise
  ::sigaction(SIGHUP, &earlier_hangup, nullptr);      // likewise
  installed.store(false);
}

int StopSignal::signal() const { return received.load(); }

}  // namespace muster::inline train
