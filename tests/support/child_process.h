#pragma once

#include <string>
#include <vector>

namespace muster::test {

/// How a program ended and what it said.
struct Ended {
  int code = 0;  ///< exit code; 128 + signal when a signal ended it
  std::string out;
  std::string err;
};

struct ChildOptions {
  long file_size_limit =
      -1;              ///< bytes that a file may have (RLIMIT_FSIZE; writing beyond is an error); -1: none
  std::string folder;  ///< to start in; "": the caller's
};

/// A program running beside the test; killed when still running at the end of its life.
class ChildProcess {
 public:
  explicit ChildProcess(std::vector<std::string> command, const ChildOptions& options = {});
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  int pid() const { return pid_; }
  void send(int signal) const;
  /// True when it has ended by itself before the time was over.
  bool wait_for(double seconds);
  Ended wait();
  /// Waits until it has said `text` on standard error so many times; false when it ended, or the time was
  /// over, without that.
  bool wait_to_say(const std::string& text, double seconds, int times = 1);

 private:
  bool poll();

  int pid_ = -1;
  bool ended_ = false;
  int status_ = 0;
  std::string out_path_, err_path_;
};

/// Runs a program to its end.
Ended run(std::vector<std::string> command, const ChildOptions& options = {});

}  // namespace muster::test
