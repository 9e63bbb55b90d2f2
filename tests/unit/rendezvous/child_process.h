#pragma once

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <stdexcept>

namespace muster {

/// A process that does `work(from, to)` with ends of two pipes. To be started before any thread is.
class ChildProcess {
 public:
  explicit ChildProcess(const std::function<void(int, int)>& work) {
    if (::pipe(down_) != 0 || ::pipe(up_) != 0) throw std::runtime_error("no pipe");
    process_ = ::fork();
    if (process_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
      work(down_[0], up_[1]);
    } catch (...) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  ~ChildProcess() {
    send_signal(SIGKILL);
    ::waitpid(process_, nullptr, 0);
    for (const int end : {down_[0], down_[1], up_[0], up_[1]}) ::close(end);
  }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  void send_signal(int signal) const { ::kill(process_, signal); }
  int to() const { return down_[1]; }
  int from() const { return up_[0]; }

 private:
  int down_[2] = {};
  int up_[2] = {};
  pid_t process_ = -1;
};

inline void write_number(int to, int number) {
  if (::write(to, &number, sizeof number) != sizeof number) throw std::runtime_error("the pipe is closed");
}
inline int read_number(int from) {
  int number = 0;
  if (::read(from, &number, sizeof number) != sizeof number) throw std::runtime_error("the pipe is closed");
  return number;
}

}  // namespace muster
