#include "muster/app/chaos/disturber.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>

#include "muster/app/chaos/rank_search.h"
#include "muster/base/error.h"
#include "muster/base/log.h"

namespace muster::inline app {

namespace {

constexpr double tick = 0.005;       ///< seconds between two looks while something is measured
constexpr double idle_tick = 0.05;   ///< seconds between two looks otherwise
constexpr double patience = 60;      ///< seconds beyond the limit before a run is given up
constexpr double longest_pause = 8;  ///< seconds that the launcher waits at most before a restart
constexpr int64_t rounds_before_the_first = 3;

std::string list(const std::vector<int>& ranks) {
  return fmt::format("rank{} {}", ranks.size() > 1 ? "s" : "", fmt::join(ranks, " and "));
}

}  // namespace

Disturber::Disturber(const ChaosRequest& request, HeldSignals& signals)
    : request_(request),
      signals_(signals),
      run_(request.command, signals),
      watch_(request.folder, request.launch.ranks()) {}

Disturber::~Disturber() {
  wake();
  try {
    mend();
  } catch (const std::exception&) {
    // the error was reported before, or the namespace no longer exists
  }
}

void Disturber::run(const std::vector<Disturbance>& plan) {
  begin();
  for (const Disturbance& planned : plan) {
    if (!going()) break;
    pass_until(clock_.seconds() + planned.pause, idle_tick);
    if (going()) disturb(planned);
    wake();
    mend();
  }
  recovery_.reset();
  while (!run_.over()) step(idle_tick);
}

void Disturber::begin() {
  while (going() && watch_.round() < rounds_before_the_first) step(idle_tick);
  if (!run_.over()) return;
  throw Error(
      fmt::format("the run ended with exit code {} before it could be disturbed; its messages are above",
                  run_.exit_code()));
}

void Disturber::step(double seconds) {
  run_.pass(seconds);
  for (const std::string& line : run_.take_lines()) watch_.take_line(line);
  // Meetings recorded before the new group formed belong to the old group.
  if (recovery_ && !recovery_->formed && watch_.generation() > recovery_->generation) {
    recovery_->formed = true;
    recovery_->round = watch_.round();
  }
  watch_.look();
  if (recovery_) note_recovery();
}

void Disturber::note_recovery() {
  const bool formed = recovery_->formed || !recovery_->regroups;
  if (!recovery_->recovered && formed && watch_.round() > recovery_->round)
    recovery_->recovered = clock_.seconds();
  if (!recovery_->back && recovery_->recovered && recovery_->gone_by && watch_.present() >= watch_.left())
    recovery_->back = clock_.seconds();
}

void Disturber::pass_until(double time, double longest_step) {
  constexpr double shortest_step = 0.001;
  while (going() && clock_.seconds() < time)
    step(std::clamp(time - clock_.seconds(), shortest_step, longest_step));
}

void Disturber::track(bool regroups) {
  step(0);
  recovery_ = Recovery{.round = watch_.round(), .generation = watch_.generation(), .regroups = regroups};
}

void Disturber::disturb(const Disturbance& planned) {
  DisturbanceResult result;
  result.planned = planned;
  result.at = clock_.seconds();
  result.limit = 3 * request_.options.deadline;
  const Ranks victims = find_victims(planned);
  for (const auto& [rank, process] : victims) result.ranks.push_back(rank);
  const int left = watch_.present() - hit_by(planned, victims);
  if (victims.size() < planned.ranks.size() || left < request_.options.min_workers) {
    result.fault = fmt::format("skipped: of {} processes too few would be left", watch_.present());
    print_log("muster chaos: {} {} is skipped: of {} processes too few would be left\n",
              name_of(planned.kind), list(planned.ranks), watch_.present());
  } else {
    print_log("muster chaos: at {:.1f} s: {} {}{}\n", result.at, name_of(planned.kind), list(result.ranks),
              planned.in_meeting ? " in a meeting" : "");
    strike(planned, victims, result);
  }
  results_.push_back(std::move(result));
}

void Disturber::strike(const Disturbance& planned, const Ranks& victims, DisturbanceResult& result) {
  const double before = clock_.seconds();
  double since = 0;
  switch (planned.kind) {
    case DisturbanceKind::kill:
      kill(planned, victims);
      since = clock_.seconds();
      break;
    case DisturbanceKind::stop:
      stop(planned, victims.begin()->second);
      since = before + request_.options.deadline;
      break;
    case DisturbanceKind::cut:
      cut(planned, victims.begin()->second);
      since = before + request_.options.deadline;
      break;
    case DisturbanceKind::slow:
      slow(planned, victims.begin()->second);
      since = clock_.seconds();
      break;
  }
  if (run_.asked_to_stop() != 0) return;
  await_recovery(planned, since, result);
}

void Disturber::kill(const Disturbance& planned, const Ranks& victims) {
  if (planned.in_meeting) aim_at_meeting(planned.moment);
  std::vector<pid_t> order;
  for (const auto& [rank, process] : victims) order.push_back(process);
  for (size_t i = 0; i < order.size(); ++i) {
    if (i > 0 && planned.gap > 0) pass_until(clock_.seconds() + planned.gap, tick);
    ::kill(order[i], SIGKILL);  // fails for one that has just ended
  }
  track(true);
  recovery_->gone_by = true;
}

void Disturber::aim_at_meeting(double moment) {
  const int64_t round = watch_.round();
  const double until = clock_.seconds() + 1 + 10 * watch_.round_seconds();
  while (going() && watch_.round() == round && clock_.seconds() < until) step(0.001);
  const double meeting = std::min(watch_.meeting_seconds(), watch_.round_seconds());
  const double wait = watch_.round_seconds() - meeting * (1 - moment);
  pass_until(clock_.seconds() + wait - tick, tick);
  std::this_thread::sleep_for(std::chrono::duration<double>(std::clamp(wait, 0.0, tick)));
}

void Disturber::stop(const Disturbance& planned, pid_t process) {
  const double until = clock_.seconds() + planned.seconds;
  asleep_.push_back(process);
  ::kill(process, SIGSTOP);  // fails for one that has just ended
  track(true);
  pass_until(until, tick);
  wake();
  recovery_->gone_by = true;
}

void Disturber::slow(const Disturbance& planned, pid_t process) {
  constexpr double cycle = 0.05, share = 0.3;
  track(false);
  const double until = clock_.seconds() + planned.seconds;
  asleep_.push_back(process);
  while (going() && clock_.seconds() < until) {
    ::kill(process, SIGSTOP);  // fails for one that has just ended
    pass_until(clock_.seconds() + (1 - share) * cycle, tick);
    ::kill(process, SIGCONT);  // likewise
    pass_until(clock_.seconds() + share * cycle, tick);
  }
  wake();
  recovery_->round = watch_.round();
  recovery_->recovered.reset();
  recovery_->gone_by = true;
}

void Disturber::cut(const Disturbance& planned, pid_t process) {
  const double until = clock_.seconds() + planned.seconds;
  down_.push_back(link_of(process, run_.pid(), request_.device));
  set_link(down_.back(), false, signals_);
  track(true);
  pass_until(until, tick);
  mend();
  recovery_->gone_by = true;
}

void Disturber::wake() {
  for (const pid_t process : asleep_) ::kill(process, SIGCONT);
  asleep_.clear();
}

void Disturber::mend() {
  while (!down_.empty()) {
    const NetworkLink link = down_.back();
    down_.pop_back();
    set_link(link, true, signals_);
  }
}

void Disturber::await_recovery(const Disturbance& planned, double since, DisturbanceResult& result) {
  const double gone_by = clock_.seconds();
  const double give_up = std::max(since, gone_by) + result.limit + patience;
  while (going() && !recovery_->recovered && clock_.seconds() < give_up) step(tick);
  const double give_up_back = clock_.seconds() + longest_pause + result.limit + patience;
  while (going() && recovery_->recovered && !recovery_->back && clock_.seconds() < give_up_back) step(tick);
  if (recovery_->recovered) result.recovery = std::max(0.0, *recovery_->recovered - since);
  if (recovery_->back) result.back = *recovery_->back - gone_by;
  judge(planned, since, result);
  recovery_.reset();
  if (!result.recovery && going()) run_.ask_to_end();
}

void Disturber::judge(const Disturbance& planned, double since, DisturbanceResult& result) const {
  if (!result.recovery && going())
    result.fault = fmt::format("no meeting for {:.0f} s", clock_.seconds() - since);
  else if (result.recovery && *result.recovery > result.limit)
    result.fault = "too late";
  else if (planned.kind == DisturbanceKind::slow && recovery_->formed)
    result.fault = "the slow one counted as dead";
  else if (result.recovery && !result.back && going())
    result.fault = fmt::format("{} of {} are back", watch_.present(), watch_.left());
  if (!result.recovery) return;
  print_log("muster chaos: recovered after {:.2f} s{}\n", *result.recovery,
            result.back ? fmt::format(", all {} are there after {:.1f} s", watch_.left(), *result.back) : "");
}

Disturber::Ranks Disturber::find_victims(const Disturbance& planned) const {
  Ranks found = ranks_below(run_.pid());
  if (planned.kind == DisturbanceKind::cut) found = that_can_be_cut(found);
  Ranks victims;
  for (const int rank : planned.ranks) {
    if (found.empty()) break;
    auto victim = found.lower_bound(rank);
    if (victim == found.end()) victim = found.begin();
    victims.insert(*victim);
    found.erase(victim);
  }
  return victims;
}

Disturber::Ranks Disturber::that_can_be_cut(const Ranks& ranks) const {
  Ranks possible;
  std::string problem;
  for (const auto& [rank, process] : ranks) {
    try {
      link_of(process, run_.pid(), request_.device);
      possible.emplace(rank, process);
    } catch (const Error& error) {
      problem = error.what();
    }
  }
  if (possible.empty() && !problem.empty()) throw Error(problem);
  return possible;
}

// Cutting a link disconnects every rank behind it.
int Disturber::hit_by(const Disturbance& planned, const Ranks& victims) const {
  if (planned.kind != DisturbanceKind::cut || victims.empty()) return static_cast<int>(victims.size());
  const NetworkLink link = link_of(victims.begin()->second, run_.pid(), request_.device);
  int hit = 0;
  for (const auto& [rank, process] : that_can_be_cut(ranks_below(run_.pid())))
    hit += link_of(process, run_.pid(), request_.device) == link ? 1 : 0;
  return hit;
}

}  // namespace muster::inline app
