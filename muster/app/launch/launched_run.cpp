#include "muster/app/launch/launched_run.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/log.h"
#include "muster/choice/value.h"

namespace muster::inline app {

LaunchedRun::LaunchedRun(const std::vector<std::string>& command, HeldSignals& signals) : signals_(signals) {
  const auto program = find_program(command.front());
  if (!program) throw OptionError("command", shown(command.front()), "is no program that can be run");
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    throw Error(fmt::format("cannot start {}: {}", command.front(), std::strerror(errno)));
  said_ = FileDescriptor(ends[0]);
  const FileDescriptor mouth(ends[1]);
  ::fcntl(said_.number(), F_SETFL, O_NONBLOCK);  // cannot fail for a pipe of ours
  RankStart start;
  start.words = command;
  start.words.front() = *program;
  for (char** entry = environ; *entry != nullptr; ++entry) start.environment.emplace_back(*entry);
  start.output = start.error = mouth.number();
  process_ = std::make_unique<RankProcess>(start, signals);
}

void LaunchedRun::pass(double seconds) {
  pollfd waited{said_.number(), POLLIN, 0};
  if (ending_) return;
  ::poll(&waited, 1, static_cast<int>(std::lround(seconds * 1000)));
  take_signals();
  ending_ = process_->poll();  // before the last output is read, so that none is missed
  read();
}

void LaunchedRun::take_signals() {
  while (const int signal = signals_.wait(0)) {
    if (!asks_to_stop(signal)) continue;
    stop_ = signal;
    process_->ask(signal);
  }
  if (stop_ != 0) return;
  stop_ = signals_.asked_to_stop();  // a signal that came while another program ran
  if (stop_ != 0) process_->ask(stop_);
}

void LaunchedRun::ask_to_end() { process_->ask(SIGTERM); }

void LaunchedRun::read() {
  std::array<char, 16384> bytes;
  ssize_t count = 0;
  while ((count = ::read(said_.number(), bytes.data(), bytes.size())) > 0) {
    const std::string_view text(bytes.data(), static_cast<size_t>(count));
    write_log(text);
    begun_ += text;
  }
  for (size_t end = 0; (end = begun_.find('\n')) != std::string::npos; begun_.erase(0, end + 1))
    lines_.push_back(begun_.substr(0, end));
}

std::vector<std::string> LaunchedRun::take_lines() { return std::exchange(lines_, {}); }

}  // namespace muster::inline app
