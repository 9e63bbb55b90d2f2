#include "muster/app/processes/wait_report.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "muster/base/log.h"
#include "muster/rendezvous/quiet_thread.h"

namespace muster::inline app {

namespace {

using std::chrono::seconds;

constexpr seconds first_line_after{10};
constexpr seconds first_pause{20};
constexpr seconds longest_pause{600};
constexpr int look_every_ms = 1000;

std::string duration(SteadyTime::duration time) {
  return fmt::format("{:.0f} s", std::max(0.0, std::chrono::duration<double>(time).count()));
}

std::string line_of(const Wait& wait, SteadyTime now) {
  std::string line = fmt::format("waiting for {} {}", wait.whom, wait.where);
  if (!wait.state.empty()) line += fmt::format(" ({})", wait.state);
  line += fmt::format(" for {}", duration(now - wait.since));
  if (!wait.until) return line + "; without an end as long as it lives";
  return line + fmt::format("; {} in {}", wait.optional ? "continues without" : "gives up",
                            duration(*wait.until - now));
}

}  // namespace

std::optional<std::string> WaitReport::due(const std::optional<Wait>& wait, SteadyTime now) {
  if (!wait || wait->reported_elsewhere || now - wait->since < first_line_after) return std::nullopt;
  if (std::exchange(where_, wait->where) != wait->where) said_.reset();
  if (said_ && now - *said_ < pause_) return std::nullopt;
  pause_ = said_ ? std::min(3 * pause_, longest_pause) : first_pause;
  said_ = now;
  return line_of(*wait, now);
}

WaitReporter::WaitReporter(std::shared_ptr<Waits> waits)
    : waits_(std::move(waits)), waker_(make_waker()), thread_(quiet_thread([this] { run(); })) {}

WaitReporter::~WaitReporter() {
  wake(waker_);
  thread_.join();
}

void WaitReporter::run() {
  // Clears a progress line, which may stand there.
  const char* const before = ::isatty(STDERR_FILENO) == 1 ? "\r\033[K" : "";
  WaitReport report;
  pollfd end{waker_.number(), POLLIN, 0};
  while (::poll(&end, 1, look_every_ms) <= 0)
    if (const auto line = report.due(waits_->present(), std::chrono::steady_clock::now()))
      print_log("{}muster: {}\n", before, *line);
}

}  // namespace muster::inline app
