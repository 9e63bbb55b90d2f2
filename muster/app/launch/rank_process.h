#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "muster/app/launch/launch_outcome.h"
#include "muster/app/processes/held_signals.h"
#include "muster/rendezvous/sockets.h"

namespace muster::inline app {

/// A program to start, with its environment and streams.
struct RankStart {
  std::vector<std::string> words;        ///< the first one is the path of the program
  std::vector<std::string> environment;  ///< "NAME=value", all of it
  int output = -1;                       ///< becomes its standard output; -1: ours; borrowed
  int error = -1;                        ///< becomes its standard error; -1: ours; borrowed
  /// A remote shell that runs remote_script(): gets this line (or lines) on its standard input, and then the
  /// names of signals. Nothing: a program of this machine, which gets signals and no standard input.
  std::optional<std::string> first_line;
  bool keeps_broken_pipe = false;  ///< SIGPIPE is ignored: it may go on after its reader is gone
};

/// A process of a run, in a process group of its own, so that a Ctrl-C of the terminal reaches it only
/// through us. It is asked to end when this process dies in any way. The destructor kills it, with all it has
/// started, if it still runs.
class RankProcess {
 public:
  /// Throws Error when it cannot be started.
  RankProcess(const RankStart& start, const HeldSignals& signals);
  ~RankProcess();
  RankProcess(const RankProcess&) = delete;
  RankProcess& operator=(const RankProcess&) = delete;

  pid_t pid() const { return pid_; }
  /// It runs here and is stopped (SIGSTOP), so it cannot act on ask().
  bool is_stopped() const;
  /// Asks it to end: the signal to the process itself; TERM to one on another host.
  void ask(int signal);
  /// SIGKILL to it and all that it has started here; on another host, to the program only.
  void kill();
  /// SIGKILL to what runs here, also where that is the remote shell.
  void kill_here();
  /// How it ended, once; what it had started and left running is killed then. Nothing while it runs.
  std::optional<Ending> poll();

 private:
  void tell(const char* word);
  void hand(const std::string& line);

  pid_t pid_ = -1;
  bool over_ = false;
  FileDescriptor wire_;  ///< our end of a remote shell's standard input
};

/// The file that a command's word means: a path where it holds a slash, else the first such program of PATH.
std::optional<std::string> find_program(const std::string& word);

}  // namespace muster::inline app
