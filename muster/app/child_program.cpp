#include "muster/app/child_program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "muster/app/child_start.h"
#include "muster/base/error.h"
#include "muster/base/stopwatch.h"

namespace muster {

int run_child(const std::vector<std::string>& command, HeldSignals& signals) {
  const pid_t child = start_child(command, {}, signals);
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) != child) {
    // A Ctrl-C reaches the child from the terminal, too; SIGTERM after it changes nothing.
    const int signal = signals.wait(1);
    if (asks_to_stop(signal)) ::kill(child, SIGTERM);  // not reaped yet, so it is still ours
  }
  const int code = exit_code(status);
  if (code == exit_not_started) throw Error(fmt::format("cannot start {}", command.front()));
  return code;
}

bool wait_until_unlocked(const std::string& folder, double seconds, HeldSignals& signals) {
  const int descriptor = ::open((folder + "/.lock").c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return true;
  const Stopwatch watch;
  bool free = false;
  while (!free) {
    // A file system without locks cannot say that somebody works there.
    free = ::flock(descriptor, LOCK_EX | LOCK_NB) == 0 || (errno != EWOULDBLOCK && errno != EINTR);
    if (free || watch.seconds() > seconds || signals.asked_to_stop() != 0) break;
    signals.wait(0.05);
  }
  ::close(descriptor);  // nothing was written
  return free;
}

FolderClaim::FolderClaim(const std::string& folder)
    : descriptor_(::open((folder + "/.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
  if (descriptor_ < 0)
    throw FileError(fmt::format("cannot write into '{}': {}", folder, std::strerror(errno)));
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
  ::close(descriptor_);  // nothing was written
  throw FileError(
      fmt::format("another command is using '{}': wait for it, stop it, or choose another --out", folder));
}

FolderClaim::~FolderClaim() {
  if (descriptor_ >= 0) ::close(descriptor_);  // nothing was written
}

}  // namespace muster
