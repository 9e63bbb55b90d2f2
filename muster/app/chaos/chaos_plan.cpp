#include "muster/app/chaos/chaos_plan.h"

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/random.h"

namespace muster::inline app {

namespace {

constexpr double longest_gap = 0.2;
constexpr double shortest_slow = 2, longest_slow = 5;

int other_rank(RandomStream& random, int ranks, int first) {
  const int draw = static_cast<int>(random.below(static_cast<uint64_t>(ranks - 1)));
  return draw < first ? draw : draw + 1;
}

void shuffle(std::vector<Disturbance>& plan, RandomStream& random) {
  for (size_t left = plan.size(); left > 1; --left) std::swap(plan[left - 1], plan[random.below(left)]);
}

/// Draws pause, moment, ranks, gap and duration of a disturbance of a given kind.
void draw(Disturbance& one, const ChaosOptions& options, RandomStream& random) {
  one.pause = -options.every * std::log1p(-random.uniform());
  one.moment = random.uniform();
  const int first = static_cast<int>(random.below(static_cast<uint64_t>(options.ranks)));
  one.gap *= random.uniform();
  if (!one.ranks.empty()) one.ranks.front() = other_rank(random, options.ranks, first);
  one.ranks.insert(one.ranks.begin(), first);
  if (one.kind == DisturbanceKind::slow)
    one.seconds = shortest_slow + (longest_slow - shortest_slow) * random.uniform();
  if (one.kind == DisturbanceKind::stop || one.kind == DisturbanceKind::cut)
    one.seconds = options.stop_seconds > 0 ? options.stop_seconds : 1.5 * options.deadline;
}

Disturbance kill_number(int number, int pairs) {
  Disturbance kill;
  if (number < pairs) {
    kill.ranks = {0};  // a placeholder: draw() chooses the second rank
    kill.gap = number % 2 == 1 ? longest_gap : 0;
  } else {
    kill.in_meeting = (number - pairs) % 3 == 0;
  }
  return kill;
}

}  // namespace

std::string_view name_of(DisturbanceKind kind) {
  switch (kind) {
    case DisturbanceKind::kill:
      return "kill";
    case DisturbanceKind::stop:
      return "stop";
    case DisturbanceKind::slow:
      return "slow";
    case DisturbanceKind::cut:
      return "cut";
  }
  throw Bug("no such disturbance");
}

void ChaosOptions::validate() const {
  if (min_workers >= ranks)
    throw OptionError("--min-workers", std::to_string(min_workers),
                      fmt::format("the run must be elastic to survive anything: use muster launch "
                                  "--min-workers from 1 to {}",
                                  ranks - 1));
  if (pairs > kills)
    throw OptionError("--pairs", std::to_string(pairs),
                      fmt::format("they are among the kills: at most --kills {}", kills));
  if (pairs > 0 && ranks - 2 < min_workers)
    throw OptionError("--pairs", std::to_string(pairs),
                      fmt::format("two of {} ranks less are fewer than --min-workers {}; start more or ask "
                                  "for fewer",
                                  ranks, min_workers));
  if (stop_seconds > 0 && stop_seconds <= deadline)
    throw OptionError("--stop-seconds", fmt::format("{:g}", stop_seconds),
                      fmt::format("must be longer than the launcher's --deadline {:g}; for ranks that are "
                                  "late but not dead there is --slows",
                                  deadline));
  if (disturbances() == 0)
    throw OptionError("--kills", "0", "nothing would be disturbed; use --kills, --stops, --slows or --cuts");
}

std::vector<Disturbance> plan_chaos(const ChaosOptions& options) {
  options.validate();
  std::vector<Disturbance> plan;
  for (int i = 0; i < options.kills; ++i) plan.push_back(kill_number(i, options.pairs));
  const auto add = [&](DisturbanceKind kind, int count) {
    for (int i = 0; i < count; ++i) plan.push_back({.kind = kind});
  };
  add(DisturbanceKind::stop, options.stops);
  add(DisturbanceKind::slow, options.slows);
  add(DisturbanceKind::cut, options.cuts);
  RandomStream order({options.seed, Purpose::disturbance, 0});
  shuffle(plan, order);
  for (size_t i = 0; i < plan.size(); ++i) {
    RandomStream random({options.seed, Purpose::disturbance, 1, i});
    draw(plan[i], options, random);
  }
  return plan;
}

}  // namespace muster::inline app
