#include "muster/app/processes/line_relay.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

#include "muster/base/error.h"
#include "muster/base/printable.h"

namespace muster::inline app {

namespace {

constexpr size_t most_waiting = 1 << 20;   ///< bytes kept for a slow reader; then the processes wait
constexpr size_t longest_line = 64 << 10;  ///< a longer one is passed on in pieces

bool same_file(int one, int other) {
  struct stat a {
  }, b{};
  return ::fstat(one, &a) == 0 && ::fstat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

}  // namespace

LineRelay::LineRelay()
    : targets_{{STDOUT_FILENO, ::isatty(STDOUT_FILENO) == 1, {}},
               {STDERR_FILENO, ::isatty(STDERR_FILENO) == 1, {}}},
      one_stream_(same_file(STDOUT_FILENO, STDERR_FILENO)) {}

FileDescriptor LineRelay::open(int rank, int target, std::string prefix) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    throw Error(fmt::format("cannot make a pipe for rank {}: {}", rank, std::strerror(errno)));
  Source source{rank,
                target == STDERR_FILENO && !one_stream_ ? 1U : 0U,
                std::move(prefix),
                FileDescriptor(ends[0]),
                {}};
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);  // cannot fail for a pipe of ours
  sources_.push_back(std::move(source));
  return FileDescriptor(ends[1]);
}

void LineRelay::add_to(std::vector<pollfd>& waited) const {
  for (const Target& target : targets_)
    if (!target.waiting.empty()) waited.push_back({target.number, POLLOUT, 0});
  for (const Source& source : sources_)
    if (targets_[source.target].waiting.size() < most_waiting)
      waited.push_back({source.in.number(), POLLIN, 0});
}

void LineRelay::serve() {
  for (Source& source : sources_)
    while (source.in.number() >= 0 && targets_[source.target].waiting.size() < most_waiting && read(source)) {
    }
  std::erase_if(sources_, [](const Source& source) { return source.in.number() < 0; });
  for (Target& target : targets_) write(target);
  if (hands_on_broken_pipes_)
    std::erase_if(sources_, [&](const Source& source) { return targets_[source.target].problem == EPIPE; });
}

void LineRelay::finish(int rank) {
  for (Source& source : sources_) {
    if (source.rank != rank) continue;
    while (source.in.number() >= 0 && read(source)) {
    }
    if (source.in.number() >= 0) pass_on(source, true);
    source.in = FileDescriptor();
  }
  std::erase_if(sources_, [](const Source& source) { return source.in.number() < 0; });
}

bool LineRelay::read(Source& source) {
  std::array<char, 64 << 10> buffer;
  const ssize_t size = ::read(source.in.number(), buffer.data(), buffer.size());
  if (size < 0) return errno == EINTR;
  if (size > 0) source.begun.append(buffer.data(), static_cast<size_t>(size));
  pass_on(source, size == 0);
  if (size == 0) source.in = FileDescriptor();
  return size > 0;
}

void LineRelay::pass_on(Source& source, bool ended) {
  Target& target = targets_[source.target];
  std::string_view rest = source.begun;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    const bool whole = end != std::string_view::npos;
    if (!whole && !ended && rest.size() < longest_line) break;
    const std::string_view line = rest.substr(0, whole ? end + 1 : rest.size());
    if (source.prefix.empty()) {
      put(target, line, false);
    } else {
      put(target, source.prefix + std::string(line) + (whole ? "" : "\n"), true);
    }
    rest.remove_prefix(line.size());
  }
  source.begun.erase(0, source.begun.size() - rest.size());
}

// On a terminal rank 0 writes by itself and may have left a progress line open, which it will draw again.
void LineRelay::put(Target& target, std::string_view text, bool own_line) {
  if (own_line && target.terminal) target.waiting += "\r\x1b[K";
  if (own_line && target.line_open) target.waiting += '\n';
  target.waiting += text;
  target.line_open = !text.ends_with('\n');
}

void LineRelay::say(const std::string& line) {
  Target& target = targets_[one_stream_ ? 0 : 1];
  put(target, printable(line, "\t") + "\n", true);
  write(target);
}

// No more than PIPE_BUF at once: so much does not block where poll() says that there is room.
void LineRelay::write(Target& target) {
  size_t done = 0;
  while (done < target.waiting.size() && target.problem == 0) {
    pollfd room{target.number, POLLOUT, 0};
    if (::poll(&room, 1, 0) <= 0) break;
    const size_t piece = std::min<size_t>(target.waiting.size() - done, PIPE_BUF);
    const ssize_t size = ::write(target.number, target.waiting.data() + done, piece);
    if (size > 0)
      done += static_cast<size_t>(size);
    else if (errno == EAGAIN)
      break;
    else if (errno != EINTR)
      target.problem = errno;
  }
  target.waiting.erase(0, target.problem == 0 ? done : std::string::npos);
}

void LineRelay::check() const {
  // Standard error is a log: what could not be written there is lost and no error.
  if (targets_[0].problem != 0)
    throw FileError(fmt::format("cannot write what the ranks said to standard output: {}",
                                std::strerror(targets_[0].problem)));
}

}  // namespace muster::inline app
