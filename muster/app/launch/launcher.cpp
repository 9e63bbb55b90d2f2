#include "muster/app/launch/launcher.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "muster/app/options/input_text.h"
#include "muster/base/error.h"
#include "muster/report/html_text.h"

namespace muster::inline app {

namespace {

constexpr double pause_before_force = 2;  ///< seconds in which a remote shell can pass on KILL
constexpr double between_looks = 0.5;     ///< seconds between two checks for stopped processes
/// Seconds that a process has to end by itself once the result is durable, and then when asked.
constexpr double time_to_end = 2, time_when_asked = 5;

FileDescriptor signal_descriptor() {
  sigset_t stops;
  sigemptyset(&stops);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&stops, signal);
  FileDescriptor descriptor(::signalfd(-1, &stops, SFD_CLOEXEC | SFD_NONBLOCK));
  if (descriptor.number() < 0) throw Error(fmt::format("cannot listen to signals: {}", std::strerror(errno)));
  return descriptor;
}

std::string what_happened(Ending ending) {
  if (ending.by_signal)
    return fmt::format("was ended by signal {} ({})", ending.code - 128, ::strsignal(ending.code - 128));
  // Shells, also remote ones, report signal N as exit code 128 + N.
  const char* const name = ending.code > 128 ? ::sigdescr_np(ending.code - 128) : nullptr;
  if (name == nullptr) return fmt::format("failed with exit code {}", ending.code);
  return fmt::format("failed with exit code {} (signal {}: {})", ending.code, ending.code - 128, name);
}

}  // namespace

Launcher::Launcher(const LaunchRequest& request, Program program, RunAddress address, HeldSignals& signals,
                   ResultWatch& result)
    : request_(request),
      program_(std::move(program)),
      address_(std::move(address)),
      signals_(signals),
      result_(result),
      signal_descriptor_(signal_descriptor()),
      outcome_(request.outcome_options()) {
  for (const RankPlace& place : request.places) members_.push_back({place, nullptr, 0.0});
  if (!program_.muster) relay_.hand_on_broken_pipes();  // ranks that run muster finish their work first
}

int Launcher::run() {
  while (!over()) {
    start_due();
    sleep();
    take_signals();
    relay_.serve();
    take_endings();
    end_left();
    look_at_stopped();
    kill_overdue();
  }
  finish_output();
  return outcome_.exit_code();
}

// Waits until a slow reader has taken all output, unless we are asked to stop.
void Launcher::finish_output() {
  while (relay_.has_more()) {
    sleep();
    const int signal = signals_.wait(0);
    if (asks_to_stop(signal)) break;
    relay_.serve();
  }
  relay_.check();
}

bool Launcher::over() const {
  return std::none_of(members_.begin(), members_.end(),
                      [](const Member& member) { return member.process || member.start_at; });
}

void Launcher::sleep() const {
  double until = watch_.seconds() + 60;
  for (const Member& member : members_)
    if (member.start_at) until = std::min(until, *member.start_at);
  for (const auto& time : {kill_at_, end_left_at_})
    if (time) until = std::min(until, *time);
  if (outcome_.elastic()) until = std::min(until, watch_.seconds() + between_looks);
  std::vector<pollfd> waited = {{signal_descriptor_.number(), POLLIN, 0}};
  relay_.add_to(waited);
  const double left = std::max(0.0, until - watch_.seconds());
  ::poll(waited.data(), waited.size(), static_cast<int>(std::ceil(left * 1000)));
}

void Launcher::start_due() {
  for (Member& member : members_)
    if (member.start_at && *member.start_at <= watch_.seconds()) start(member);
}

void Launcher::start(Member& member) {
  member.start_at.reset();
  RankStart how = start_of(member);
  std::vector<FileDescriptor> opened;
  open_streams(member, how, opened);
  member.process = std::make_unique<RankProcess>(how, signals_);
}

RankStart Launcher::start_of(const Member& member) const {
  RankStart how;
  const Variables variables =
      rank_variables(member.place, request_.ranks(), address_, outcome_.restarts_of(member.place.rank));
  std::vector<std::string> before;
  for (char** entry = environ; *entry != nullptr; ++entry) before.emplace_back(*entry);
  how.words = request_.command;
  if (program_.muster) how.words.insert(how.words.begin(), program_.path);
  if (member.place.here) {
    how.words.front() = program_.path;
    how.environment = with_variables(before, variables);
    how.keeps_broken_pipe = program_.muster;
    return how;
  }
  const auto input = request_.configuration.empty() ? std::nullopt : held_text(request_.configuration);
  Variables there = variables;
  if (input) there.emplace_back(inputs_variable, on_standard_input(request_.configuration));
  const std::string script = remote_script(std::filesystem::current_path().string(), there, how.words,
                                           request_.grace, input.has_value());
  how.words = request_.remote_shell;
  how.words.push_back(member.place.host);
  how.words.push_back("exec /bin/sh -c " + shell_quoted(script));
  how.environment = std::move(before);
  how.first_line = address_.token;
  if (input) *how.first_line += "\n" + in_one_line(*input);
  return how;
}

// Rank 0 writes to a terminal directly. Where both streams are one file, a rank gets one pipe for both, which
// keeps its output in order.
void Launcher::open_streams(const Member& member, RankStart& start, std::vector<FileDescriptor>& opened) {
  const int rank = member.place.rank;
  if (rank != 0 && !request_.log_folder.empty()) {
    const std::string file = log_file(rank);
    const int fresh = outcome_.restarts_of(rank) == 0 ? O_TRUNC : 0;
    opened.emplace_back(
        ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | fresh, 0644));
    if (opened.back().number() < 0)
      throw FileError(fmt::format("cannot write '{}': {}", file, std::strerror(errno)));
    start.output = start.error = opened.back().number();
    return;
  }
  const std::string prefix = rank == 0 ? "" : fmt::format("[rank {}] ", rank);
  const auto stream = [&](int target) {
    if (rank == 0 && ::isatty(target) == 1) return -1;
    opened.push_back(relay_.open(rank, target, prefix));
    return opened.back().number();
  };
  start.output = stream(STDOUT_FILENO);
  start.error = relay_.one_stream() ? start.output : stream(STDERR_FILENO);
}

std::string Launcher::log_file(int rank) const {
  return fmt::format("{}/rank-{}.log", request_.log_folder, rank);
}

void Launcher::take_signals() {
  while (const int signal = signals_.wait(0)) {
    if (!asks_to_stop(signal)) continue;
    if (kill_at_) {
      kill_all();
      continue;
    }
    const auto running = std::count_if(members_.begin(), members_.end(),
                                       [](const Member& member) { return member.process != nullptr; });
    relay_.say(
        fmt::format("muster: {} ranks are asked to end and have {:g} s for it; {} again ends them at once",
                    running, request_.grace,
                    signal == SIGINT   ? "Ctrl-C"
                    : signal == SIGHUP ? "SIGHUP"
                                       : "SIGTERM"));
    outcome_.stop_asked(signal);
    end_all(signal);
  }
}

// Processes that a signal ended are judged before those that exited: of simultaneous endings they are more
// likely the cause.
void Launcher::take_endings() {
  std::vector<std::pair<Member*, Ending>> ended;
  for (Member& member : members_)
    if (const auto ending = member.process ? member.process->poll() : std::nullopt)
      ended.emplace_back(&member, *ending);
  std::stable_partition(ended.begin(), ended.end(), [](const auto& one) { return one.second.by_signal; });
  for (auto& [member, ending] : ended) {
    member->process.reset();
    relay_.finish(member->place.rank);
    judge(*member, ending);
  }
}

void Launcher::judge(Member& member, Ending ending) {
  const int rank = member.place.rank;
  result_.look();
  outcome_.update_result(result_.news());
  const LaunchOutcome::Next next = outcome_.ended(rank, ending);
  if (outcome_.durable() && !end_left_at_ && !kill_at_) end_left_at_ = watch_.seconds() + time_to_end;
  if (next == LaunchOutcome::Next::end_all) {
    tell_failure(member, ending);
    end_all(SIGTERM);
  } else if (next == LaunchOutcome::Next::start_again) {
    relay_.say(fmt::format("muster: rank {} {}; it is started again in {:g} s (restart {} of {})", rank,
                           what_happened(ending), outcome_.pause(rank), outcome_.restarts_of(rank),
                           request_.restarts));
    member.start_at = watch_.seconds() + outcome_.pause(rank);
  } else if (ending.code != 0 && outcome_.durable()) {
    relay_.say(fmt::format("muster: rank {} {}; the result is on the disk", rank, what_happened(ending)));
  } else if (ending.code != 0 && !outcome_.closing()) {
    relay_.say(fmt::format("muster: rank {} {}; the run continues with {} of {} processes", rank,
                           what_happened(ending), outcome_.left(), request_.ranks()));
  }
  if (outcome_.closing())
    for (Member& other : members_) other.start_at.reset();
}

void Launcher::tell_failure(const Member& member, Ending ending) {
  const int rank = member.place.rank;
  const bool logged = rank != 0 && !request_.log_folder.empty();
  std::string line = fmt::format("muster: error: rank {}{} {}", rank,
                                 member.place.here ? "" : " on " + member.place.host, what_happened(ending));
  if (outcome_.elastic())
    line += fmt::format(", and {} of {} processes are too few (--min-workers {})", outcome_.left(),
                        request_.ranks(), request_.min_workers);
  line += logged ? fmt::format("; the end of {}:", log_file(rank)) : "; its messages are above";
  relay_.say(line);
  if (logged) show_last_lines(rank);
}

void Launcher::show_last_lines(int rank) {
  constexpr size_t most_lines = 5;
  constexpr std::streamoff most_bytes = 8 << 10;
  std::ifstream file(log_file(rank));
  file.seekg(0, std::ios::end);
  const std::streamoff size = file.tellg();
  file.seekg(std::max<std::streamoff>(0, size - most_bytes));
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  const size_t first = lines.size() > most_lines ? lines.size() - most_lines : 0;
  for (size_t i = first; i < lines.size(); ++i) relay_.say(fmt::format("[rank {}] {}", rank, lines[i]));
}

void Launcher::end_all(int signal) { ask_all(signal, request_.grace); }

void Launcher::ask_all(int signal, double seconds) {
  for (Member& member : members_) {
    member.start_at.reset();
    if (member.process) member.process->ask(signal);
  }
  if (kill_at_) return;
  asked_for_ = seconds;
  kill_at_ = watch_.seconds() + seconds;
}

// Ends what still runs with a durable result; a stopped process cannot act on SIGTERM and is killed.
void Launcher::end_left() {
  if (!end_left_at_ || watch_.seconds() < *end_left_at_) return;
  end_left_at_.reset();
  bool more = false;
  for (Member& member : members_) {
    if (!member.process) continue;
    more = true;
    if (!member.process->is_stopped()) continue;
    relay_.say(fmt::format("muster: rank {} is stopped; the result is on the disk, so it is killed",
                           member.place.rank));
    member.process->kill();
  }
  if (more) ask_all(SIGTERM, std::min(request_.grace, time_when_asked));
}

// Ends the run when, for `deadline` seconds, only stopped processes are left.
void Launcher::look_at_stopped() {
  if (!outcome_.elastic() || outcome_.durable() || kill_at_) return;
  const auto left = std::count_if(members_.begin(), members_.end(), [](const Member& member) {
    return member.start_at || (member.process && !member.process->is_stopped());
  });
  const bool ended = std::any_of(members_.begin(), members_.end(),
                                 [](const Member& member) { return !member.process && !member.start_at; });
  if (left > 0 || !ended) {
    stopped_since_.reset();
    return;
  }
  if (!stopped_since_) stopped_since_ = watch_.seconds();
  if (watch_.seconds() < *stopped_since_ + request_.deadline) return;
  for (const Member& member : members_)
    if (member.process)
      relay_.say(fmt::format("muster: error: rank {} is stopped, and no other is left", member.place.rank));
  outcome_.abandon();
  kill_all();
}

void Launcher::kill_overdue() {
  if (!kill_at_ || watch_.seconds() < *kill_at_) return;
  if (!killed_)
    for (const Member& member : members_)
      if (member.process)
        relay_.say(fmt::format("muster: rank {} has not ended within {:g} s and is killed", member.place.rank,
                               asked_for_));
  kill_all();
}

void Launcher::kill_all() {
  for (Member& member : members_) {
    if (!member.process) continue;
    if (killed_)
      member.process->kill_here();
    else
      member.process->kill();
  }
  killed_ = true;
  kill_at_ = watch_.seconds() + pause_before_force;
}

}  // namespace muster::inline app
