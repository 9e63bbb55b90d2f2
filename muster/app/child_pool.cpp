#include "muster/app/child_pool.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "muster/base/error.h"

namespace muster {

namespace {

constexpr int exit_not_started = 127;

// In the child, between fork and exec: only calls that are safe there.
[[noreturn]] void become(char* const* words, const char* output, const char* errors, pid_t parent,
                         const HeldSignals& signals) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(exit_not_started);  // it died before the line above
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const int out = ::open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const int err = ::open(errors, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (nothing < 0 || out < 0 || err < 0) ::_exit(exit_not_started);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  signals.restore();
  ::execv(words[0], words);
  ::_exit(exit_not_started);
}

}  // namespace

ChildPool::~ChildPool() { stop(); }

void ChildPool::start(int number, const std::vector<std::string>& command, const std::string& output,
                      const std::string& errors) {
  std::vector<std::string> own = command;
  std::vector<char*> words;
  for (std::string& word : own) words.push_back(word.data());
  words.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) throw Error(fmt::format("cannot start {}: {}", command.front(), std::strerror(errno)));
  if (child == 0) become(words.data(), output.c_str(), errors.c_str(), parent, signals_);
  children_.push_back({child, number});
}

std::optional<ChildPool::Ended> ChildPool::look() {
  for (size_t i = 0; i < children_.size(); ++i) {
    int status = 0;
    if (::waitpid(children_[i].process, &status, WNOHANG) != children_[i].process) continue;
    const Ended ended{children_[i].number, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)};
    children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(i));
    return ended;
  }
  return std::nullopt;
}

std::optional<ChildPool::Ended> ChildPool::wait(double seconds) {
  if (const auto ended = look()) return ended;
  signals_.wait(seconds);
  return look();
}

void ChildPool::stop() {
  for (const Child& child : children_) ::kill(child.process, SIGTERM);
  while (!children_.empty())
    if (!look()) signals_.wait(0.2);
}

}  // namespace muster
