#include "muster/app/processes/held_signals.h"

#include <array>
#include <cmath>
#include <ctime>

namespace muster::inline app {

HeldSignals::HeldSignals() {
  sigemptyset(&held_);
  sigaddset(&held_, SIGTERM);
  sigaddset(&held_, SIGCHLD);
  constexpr std::array from_the_terminal = {SIGINT, SIGHUP};
  for (const int number : from_the_terminal) {
    struct sigaction now {};
    ::sigaction(number, nullptr, &now);  // fails for numbers that are no signals only
    if (now.sa_handler != SIG_IGN) sigaddset(&held_, number);
  }
  ::pthread_sigmask(SIG_BLOCK, &held_, &before_);  // cannot fail with these arguments
}

HeldSignals::~HeldSignals() { restore(); }

int HeldSignals::asked_to_stop() {
  while (wait(0) != 0) {
  }
  return stop_;
}

int HeldSignals::wait(double seconds) {
  const double whole = std::floor(seconds);
  const timespec limit{static_cast<time_t>(whole), static_cast<long>((seconds - whole) * 1e9)};
  const int number = ::sigtimedwait(&held_, nullptr, &limit);
  if (asks_to_stop(number)) stop_ = number;
  return number > 0 ? number : 0;
}

void HeldSignals::restore() const { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

}  // namespace muster::inline app
