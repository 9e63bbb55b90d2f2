#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>

#include "muster/base/error.h"
#include "muster/train/stop_signal.h"

namespace muster {
namespace {

int seen = 0;
void note(int number) { seen = number; }

TEST(StopSignal, RemembersTheSignal) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    const StopSignal stop;
    EXPECT_FALSE(stop.requested());
    ::raise(number);
    EXPECT_TRUE(stop.requested());
    EXPECT_EQ(stop.signal(), number);
  }
}

TEST(StopSignal, EarlierHandlingComesBack) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    const auto before = std::signal(number, note);
    seen = 0;
    {
      const StopSignal stop;
      ::raise(number);
      EXPECT_EQ(seen, 0);
    }
    ::raise(number);
    EXPECT_EQ(seen, number);
    std::signal(number, before);
  }
}

TEST(StopSignal, OneAtATime) {
  const StopSignal stop;
  EXPECT_THROW(StopSignal(), Bug);
}

// Runs in a child process; returns the signal that ended it, or 0.
int ended_by(const std::function<void()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    body();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

TEST(StopSignal, ASecondInterruptEndsTheProgram) {
  EXPECT_EQ(ended_by([] {
              std::signal(SIGINT, SIG_DFL);
              const StopSignal stop;
              ::raise(SIGINT);
              ::raise(SIGINT);
            }),
            SIGINT);
}

TEST(StopSignal, ARepeatedTerminateIsOnlyRemembered) {
  EXPECT_EQ(ended_by([] {
              const StopSignal stop;
              ::raise(SIGTERM);
              ::raise(SIGTERM);
              if (stop.signal() != SIGTERM) ::raise(SIGKILL);
            }),
            0);
}

TEST(StopSignal, WhatIsIgnoredStaysIgnored) {
  for (const int number : {SIGINT, SIGHUP}) {
    const auto before = std::signal(number, SIG_IGN);
    {
      const StopSignal stop;
      ::raise(number);
      EXPECT_FALSE(stop.requested());
    }
    std::signal(number, before);
  }
}

}  // namespace
}  // namespace muster
