#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/schedule/sync_schedule.h"

/// Checks the contract of every SyncSchedule, the library's or a user's. Needs no test framework:
///
///     for (const auto& broken : muster::contract::check_schedule([] { return std::make_unique<MyRule>(); }))
///       ADD_FAILURE() << broken;
///
/// Checked over runs of 1 to 3,000 steps, with learning rates that fall, that stay, and that reach 0:
///   - every round has at least one step, and the last ends with the last step exactly;
///   - gradients are averaged in rounds of one step only;
///   - a new object restored from state() at any meeting decides as the original, and has the same state.
namespace muster::inline schedule::contract {

using MakeSchedule = std::function<std::unique_ptr<SyncSchedule>()>;

/// A run as a schedule sees it.
struct World {
  std::string name;
  int64_t total_steps = 1;
  std::function<double(int64_t step)> learning_rate;
};

inline std::vector<World> worlds() {
  std::vector<World> all;
  for (const int64_t total : {1, 2, 3, 7, 64, 3000}) {
    const auto share = [total](int64_t step) {
      return static_cast<double>(step) / static_cast<double>(total);
    };
    const std::string steps = " over " + std::to_string(total) + " steps";
    all.push_back({"constant rate" + steps, total, [](int64_t) { return 0.1; }});
    all.push_back(
        {"falling rate" + steps, total, [share](int64_t step) { return 0.1 * (1 - share(step)) + 1e-6; }});
    all.push_back({"rate 0 in the second half" + steps, total,
                   [share](int64_t step) { return share(step) < 0.5 ? 0.1 : 0.0; }});
    all.push_back({"smallest rate there is" + steps, total, [](int64_t) { return 5e-324; }});
  }
  return all;
}

/// The facts before `step`, with made-up measurements: fixed numbers that rise and fall.
inline RoundStart round_start(const World& world, int64_t step) {
  RoundStart start{
      .step = step, .total_steps = world.total_steps, .learning_rate = world.learning_rate(step)};
  if (step == 0) return start;
  start.last_learning_rate = world.learning_rate(step - 1);
  start.divergence = start.last_learning_rate * static_cast<double>(1 + step * 7919 % 13) * 0.1;
  start.seconds = 0.25 * static_cast<double>(step);
  start.round_loss =
      3.0 / (1.0 + 0.01 * static_cast<double>(step)) + 0.1 * static_cast<double>(step * 104729 % 7);
  return start;
}

struct RoundDecision {
  Round round{};
  Numbers state_before{};
  Numbers state_after{};
};

/// Walks from `step` to the end of the run or to the first violation, which it returns.
inline std::optional<std::string> walk(SyncSchedule& schedule, const World& world, int64_t step,
                                       std::vector<RoundDecision>& decisions) {
  while (step < world.total_steps) {
    RoundDecision decision{.state_before = schedule.state()};
    decision.round = schedule.next_round(round_start(world, step));
    decision.state_after = schedule.state();
    const Round round = decision.round;
    decisions.push_back(std::move(decision));
    const std::string where = world.name + ": the round at step " + std::to_string(step) + " has " +
                              std::to_string(round.steps) + " steps";
    if (round.steps < 1) return where + ", fewer than one";
    if (round.steps > world.total_steps - step) return where + " and passes the last step";
    if (round.what == Average::gradients && round.steps != 1) return where + " but averages gradients";
    step += round.steps;
  }
  return std::nullopt;
}

/// Does a restored object repeat `decisions` from the round `from` on? `from` == decisions.size() compares
/// the states.
inline std::optional<std::string> check_restored(const MakeSchedule& make, const World& world,
                                                 const std::vector<RoundDecision>& decisions, size_t from,
                                                 int64_t step) {
  const std::string where = world.name + ": restored before step " + std::to_string(step);
  const auto restored = make();
  restored->restore(decisions[from].state_before);
  if (restored->state() != decisions[from].state_before) return where + " it has another state";
  std::vector<RoundDecision> again;
  if (auto broken = walk(*restored, world, step, again)) return where + " it breaks a promise: " + *broken;
  if (again.size() != decisions.size() - from) return where + " it makes another number of rounds";
  for (size_t i = 0; i < again.size(); ++i)
    if (again[i].round != decisions[from + i].round ||
        again[i].state_after != decisions[from + i].state_after)
      return where + " it decides otherwise " + std::to_string(i) + " rounds later";
  return std::nullopt;
}

/// The violations, one line each; none: the schedule keeps the contract.
inline std::vector<std::string> check_schedule(const MakeSchedule& make) {
  std::vector<std::string> broken;
  for (const World& world : worlds()) {
    std::vector<RoundDecision> decisions;
    const auto schedule = make();
    if (auto promise = walk(*schedule, world, 0, decisions)) {
      broken.push_back(*promise);
      continue;
    }
    const size_t stride = decisions.size() / 20 + 1;
    int64_t step = 0;
    for (size_t i = 0; i < decisions.size(); ++i) {
      if (i < 8 || i % stride == 0 || i + 2 >= decisions.size())
        if (auto promise = check_restored(make, world, decisions, i, step)) {
          broken.push_back(*promise);
          break;
        }
      step += decisions[i].round.steps;
    }
  }
  return broken;
}

}  // namespace muster::inline schedule::contract
