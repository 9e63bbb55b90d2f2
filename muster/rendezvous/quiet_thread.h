#pragma once

#include <pthread.h>

#include <csignal>
#include <thread>
#include <utility>

namespace muster::inline rendezvous {

/// A thread that handles no signals of the process: they are left to the threads that wait for them.
template <typename Work>
std::thread quiet_thread(Work&& work) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);  // cannot fail with these arguments
  try {
    std::thread thread(std::forward<Work>(work));
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);  // likewise
    return thread;
  } catch (...) {
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);  // likewise
    throw;
  }
}

}  // namespace muster::inline rendezvous
