#include "muster/app/processes/child_program.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <csignal>

#include "muster/app/processes/child_start.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/stopwatch.h"

namespace muster::inline app {

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
  const std::string path = folder + "/.lock";
  const Stopwatch watch;
  while (is_there(path)) {
    // Opened anew each time: a writer may have put another file in its place. Where the file system has no
    // locks, no process holds one.
    if (LockFile(path).try_to_lock() != LockFile::Outcome::busy) break;
    if (watch.seconds() > seconds || signals.asked_to_stop() != 0) return false;
    signals.wait(0.05);
  }
  return true;
}

FolderClaim::FolderClaim(const std::string& folder) : lock_(folder + "/.lock") {
  if (lock_.try_to_lock() != LockFile::Outcome::busy) return;  // without locks the claim is not guarded
  throw FileError(
      fmt::format("another command is using '{}': wait for it, stop it, or choose another --out", folder));
}

}  // namespace muster::inline app
