#include "muster/app/launch/rank_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "muster/base/error.h"

namespace muster::inline app {

namespace {

constexpr int exit_not_started = 127;

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// All that the child needs between fork and exec, where only calls are allowed that are safe in a signal
/// handler.
struct Prepared {
  char* const* words;
  char* const* environment;
  int input, output, error;
  bool remote, keeps_broken_pipe;
  pid_t parent;
};

[[noreturn]] void become(const Prepared& start, const HeldSignals& signals) {
  ::setpgid(0, 0);
  // A remote shell sees our death as the end of its standard input, and must live on to signal the program.
  if (!start.remote) ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != start.parent) ::_exit(exit_not_started);  // it died before the line above
  if (::dup2(start.input, STDIN_FILENO) < 0) ::_exit(exit_not_started);
  if (start.output >= 0 && ::dup2(start.output, STDOUT_FILENO) < 0) ::_exit(exit_not_started);
  if (start.error >= 0 && ::dup2(start.error, STDERR_FILENO) < 0) ::_exit(exit_not_started);
  // It is in the background of the terminal, and may write there even after `stty tostop`.
  ::signal(SIGTTOU, SIG_IGN);
  // This process ignores both.
  ::signal(SIGPIPE, start.keeps_broken_pipe ? SIG_IGN : SIG_DFL);
  ::signal(SIGXFSZ, SIG_DFL);
  signals.restore();
  ::execve(start.words[0], start.words, start.environment);
  ::_exit(exit_not_started);
}

bool is_program(const std::string& path) {
  struct stat about {};
  return ::stat(path.c_str(), &about) == 0 && S_ISREG(about.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

RankProcess::RankProcess(const RankStart& start, const HeldSignals& signals) {
  std::vector<std::string> words = start.words, environment = start.environment;
  const std::vector<char*> word_pointers = pointers_to(words), variable_pointers = pointers_to(environment);
  FileDescriptor input;
  if (start.first_line) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
      throw Error(fmt::format("cannot start {}: {}", words.front(), std::strerror(errno)));
    wire_ = FileDescriptor(ends[0]);
    input = FileDescriptor(ends[1]);
  } else {
    input = FileDescriptor(::open("/dev/null", O_RDWR | O_CLOEXEC));
  }
  const Prepared prepared{
      word_pointers.data(), variable_pointers.data(),     input.number(),          start.output,
      start.error,          start.first_line.has_value(), start.keeps_broken_pipe, ::getpid()};
  pid_ = ::fork();
  if (pid_ < 0) throw Error(fmt::format("cannot start {}: {}", words.front(), std::strerror(errno)));
  if (pid_ == 0) become(prepared, signals);
  ::setpgid(pid_, pid_);  // the child does the same; either may be first
  if (start.first_line) hand(*start.first_line + "\n");
}

RankProcess::~RankProcess() {
  if (over_) return;
  kill();
  kill_here();
  ::waitpid(pid_, nullptr, 0);  // its status is not needed
}

void RankProcess::tell(const char* word) {
  const std::string line = std::string(word) + "\n";
  // A shell that no longer reads is ending; the word is lost.
  [[maybe_unused]] const ssize_t sent =
      ::send(wire_.number(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

// Sends the whole line, however long, before any other word.
void RankProcess::hand(const std::string& line) {
  const timeval patience{60, 0};
  if (::setsockopt(wire_.number(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) != 0)
    throw Error(fmt::format("cannot write to a remote shell: {}", std::strerror(errno)));
  for (std::string_view rest = line; !rest.empty();) {
    const ssize_t sent = ::send(wire_.number(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) return;  // it is ending; its exit code says why
    if (sent < 0)
      throw Error(fmt::format("a remote shell does not take its input: {}", std::strerror(errno)));
    rest.remove_prefix(static_cast<size_t>(sent));
  }
}

// The state stands behind the name, which may hold anything, in parentheses.
bool RankProcess::is_stopped() const {
  if (over_ || wire_.number() >= 0) return false;
  std::ifstream file(fmt::format("/proc/{}/stat", pid_));
  std::string text;
  std::getline(file, text, '\0');
  const size_t name = text.rfind(')');
  return name != std::string::npos && name + 2 < text.size() &&
         (text[name + 2] == 'T' || text[name + 2] == 't');
}

void RankProcess::ask(int signal) {
  if (over_) return;
  if (wire_.number() >= 0)
    tell("TERM");
  else
    ::kill(pid_, signal);  // not reaped yet, so it is still ours
}

void RankProcess::kill() {
  if (over_) return;
  if (wire_.number() >= 0)
    tell("KILL");
  else
    kill_here();
}

void RankProcess::kill_here() {
  if (!over_) ::kill(-pid_, SIGKILL);  // fails for a group that has just ended
}

std::optional<Ending> RankProcess::poll() {
  if (over_) return std::nullopt;
  siginfo_t about{};
  // Its process id is not reused before it is reaped, so kill() hits no other process.
  if (::waitid(P_PID, static_cast<id_t>(pid_), &about, WEXITED | WNOHANG | WNOWAIT) != 0 || about.si_pid == 0)
    return std::nullopt;
  ::kill(-pid_, SIGKILL);  // the processes that it has started; there may be none
  int status = 0;
  ::waitpid(pid_, &status, 0);  // has ended, as waitid said
  over_ = true;
  wire_ = FileDescriptor();
  if (WIFSIGNALED(status)) return Ending{128 + WTERMSIG(status), true};
  return Ending{WEXITSTATUS(status), false};
}

std::optional<std::string> find_program(const std::string& word) {
  if (word.find('/') != std::string::npos) return is_program(word) ? std::optional(word) : std::nullopt;
  const char* const path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path;
  while (!word.empty()) {
    const auto end = rest.find(':');
    const std::string folder(rest.substr(0, end));
    std::string candidate = (folder.empty() ? "." : folder) + "/" + word;
    if (is_program(candidate)) return candidate;
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return std::nullopt;
}

}  // namespace muster::inline app
