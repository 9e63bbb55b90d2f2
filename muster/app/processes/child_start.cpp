#include "muster/app/processes/child_start.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "muster/base/error.h"

namespace muster::inline app {

namespace {

// In the child, between fork and exec: only calls that are safe there.
void redirect(int stream, const char* path) {
  const int file = ::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (file < 0) ::_exit(exit_not_started);
  if (::dup2(file, stream) < 0) ::_exit(exit_not_started);
}

[[noreturn]] void become(char* const* words, const ChildOutput& to, pid_t parent,
                         const HeldSignals& signals) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(exit_not_started);  // it died before the line above
  ::dup2(::open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
  redirect(STDOUT_FILENO, to.output.empty() ? "/dev/null" : to.output.c_str());
  if (!to.errors.empty()) redirect(STDERR_FILENO, to.errors.c_str());
  signals.restore();
  ::execv(words[0], words);
  ::_exit(exit_not_started);
}

}  // namespace

pid_t start_child(const std::vector<std::string>& command, const ChildOutput& to,
                  const HeldSignals& signals) {
  std::vector<std::string> own = command;
  std::vector<char*> words;
  for (std::string& word : own) words.push_back(word.data());
  words.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) throw Error(fmt::format("cannot start {}: {}", command.front(), std::strerror(errno)));
  if (child == 0) become(words.data(), to, parent, signals);
  return child;
}

int exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

}  // namespace muster::inline app
