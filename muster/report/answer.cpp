#include "muster/report/answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "muster/base/format.h"

namespace muster {

namespace {

std::string quality_name(Quality quality) {
  return quality == Quality::accuracy ? "test accuracy" : "test loss";
}

std::string quality_text(const ArmResult& arm, Quality quality) {
  return quality == Quality::accuracy ? accuracy_text(arm.accuracy) : loss_text(arm.loss);
}

// A difference in quality: "0.31 points", "0.0042".
std::string difference_text(double difference, Quality quality) {
  return quality == Quality::accuracy ? fmt::format("{:.2f} points", 100 * difference)
                                      : fmt::format("{:.4f}", difference);
}

std::string spread_text(double spread, Quality quality) {
  return quality == Quality::accuracy ? fmt::format("{:.2f}", 100 * spread) : fmt::format("{:.4f}", spread);
}

// The next best after the best.
std::optional<size_t> second_arm(const std::vector<ArmResult>& arms, size_t best, Quality quality) {
  std::vector<ArmResult> others = arms;
  others[best].finished = false;
  return best_arm(others, quality);
}

std::string seeds_text(const ArmResult& arm) {
  return arm.seeds.size() > 1 ? fmt::format(" (mean and spread of {})", plural(arm.seeds.size(), "seed"))
                              : "";
}

// Whether the seeds tell the best from the second.
bool is_settled(const MeanSpread& ahead) { return ahead.spread && ahead.mean > *ahead.spread; }

std::string headline(const ArmResult& best, const ArmResult& second, Quality quality) {
  const MeanSpread ahead = lead(best, second, quality);
  const std::string value = quality_text(best, quality);
  if (is_settled(ahead))
    return fmt::format("{} has the best {}: {}{}.", best.name, quality_name(quality), value,
                       seeds_text(best));
  if (!ahead.spread)
    return fmt::format("{} comes out first in {} with {}, in a single seed.", best.name,
                       quality_name(quality), value);
  return fmt::format("No clear winner in {}: {} {}, {} within the spread.", quality_name(quality), best.name,
                     value, second.name);
}

std::string lead_sentence(const ArmResult& best, const ArmResult& second, Quality quality) {
  const MeanSpread ahead = lead(best, second, quality);
  if (ahead.mean == 0)
    return fmt::format("{} comes to exactly the same value as {}.", second.name, best.name);
  const std::string by = fmt::format("{} is {} behind", second.name, difference_text(ahead.mean, quality));
  if (!ahead.spread)
    return by +
           "; with one seed the spread is unknown, so the order may be chance: more seeds would tell more.";
  const std::string spread = spread_text(*ahead.spread, quality);
  if (!is_settled(ahead))
    return fmt::format(
        "{}; that difference has a spread of {} over the seeds, which do not settle the order.", by, spread);
  const size_t seeds = std::min(best.seeds.size(), second.seeds.size());
  return fmt::format("{}, more than the spread of that difference over the seeds ({}){}.", by, spread,
                     seeds < 3 ? ", as far as two seeds can tell" : "");
}

// The arm with the least communication of all finished ones.
size_t cheapest_arm(const std::vector<ArmResult>& arms, size_t best) {
  size_t cheapest = best;
  for (size_t i = 0; i < arms.size(); ++i)
    if (arms[i].finished && arms[i].bytes_per_worker.mean < arms[cheapest].bytes_per_worker.mean)
      cheapest = i;
  return cheapest;
}

// "11.1 MiB per worker in 39 rounds, 12.5 % of every_step's bytes": beside the first arm's.
std::string handed_in(const ArmResult& arm, const ArmResult& first) {
  const std::string text = fmt::format("{} per worker in {} {}", format_bytes(arm.bytes_per_worker.mean),
                                       count_text(arm.rounds), arm.rounds.mean == 1 ? "round" : "rounds");
  if (arm.name == first.name || !first.finished || first.bytes_per_worker.mean <= 0) return text;
  return fmt::format("{}, {} of the bytes of {}", text,
                     share_text(arm.bytes_per_worker.mean / first.bytes_per_worker.mean), first.name);
}

std::string cost_sentence(const std::vector<ArmResult>& arms, size_t best, Quality quality) {
  const ArmResult& first = arms.front();
  const size_t least = cheapest_arm(arms, best), near = *cheapest_near_best(arms, quality);
  if (least == best)
    return fmt::format("{} also communicates least: {}.", arms[best].name, handed_in(arms[best], first));
  std::string text;
  if (near != best)
    text = fmt::format("Within the spread of the best, {} communicates least: {}.", arms[near].name,
                       handed_in(arms[near], first));
  if (near == least) return text;
  if (!text.empty()) text += " ";
  return text + fmt::format("The least communication of all has {}: {}; it is {} behind the best.",
                            arms[least].name, handed_in(arms[least], first),
                            difference_text(lead(arms[best], arms[least], quality).mean, quality));
}

std::string network_sentence(const std::vector<ArmResult>& arms, const Network& network) {
  const ArmResult* fastest = nullptr;
  const ArmResult* first = nullptr;
  for (const ArmResult& arm : arms) {
    if (!arm.predicted) continue;
    if (!first) first = &arm;
    if (!fastest || arm.predicted->total() < fastest->predicted->total()) fastest = &arm;
  }
  if (!fastest) return {};
  const std::string machines =
      fmt::format("With a machine for each worker, joined by {}, ", describe(network));
  if (fastest == first)
    return fmt::format(
        "{}{} would train in about {}, faster than the others (an estimate from its bytes and the compute "
        "measured here).",
        machines, first->name, format_duration(first->predicted->total()));
  return fmt::format(
      "{}{} would train in about {} and {} in about {}, {:.2f} times as long (an estimate from their "
      "bytes and the compute measured here).",
      machines, fastest->name, format_duration(fastest->predicted->total()), first->name,
      format_duration(first->predicted->total()), first->predicted->total() / fastest->predicted->total());
}

std::string alone(const ArmResult& arm, Quality quality) {
  return fmt::format("{} reaches a {} of {}{}, handing in {}.", arm.name, quality_name(quality),
                     quality_text(arm, quality), seeds_text(arm), handed_in(arm, arm));
}

std::string unfinished_sentence(const std::vector<ArmResult>& arms) {
  int64_t unfinished = 0;
  for (const ArmResult& arm : arms) unfinished += arm.unfinished;
  if (unfinished == 0) return {};
  return unfinished == 1 ? "One run has not finished and does not count here."
                         : fmt::format("{} runs have not finished and do not count here.", unfinished);
}

// "task.name=cifar10\n..." -> "cifar10".
std::string short_name(const std::string& task) {
  const size_t from = task.find('=') + 1;
  return task.substr(from, task.find('\n') - from);
}

// Losses and accuracies of different tasks say nothing beside each other: an answer for each.
Answer by_task(const std::vector<ArmResult>& arms, const std::optional<Network>& network) {
  std::vector<std::vector<ArmResult>> groups;
  for (const ArmResult& arm : arms) {
    const auto same = std::find_if(groups.begin(), groups.end(),
                                   [&](const auto& group) { return group.front().task == arm.task; });
    if (same == groups.end())
      groups.push_back({arm});
    else
      same->push_back(arm);
  }
  Answer result{
      fmt::format("These runs are of {} tasks, which cannot be compared with each other.", groups.size()),
      {}};
  for (const auto& group : groups) {
    const Answer one = answer(group, group.front().quality, network);
    result.details.push_back(fmt::format("On {}: {}", short_name(group.front().task), one.text()));
  }
  return result;
}

}  // namespace

std::string Answer::text() const {
  std::string all = headline;
  for (const std::string& sentence : details) all += " " + sentence;
  return all;
}

Answer answer(const std::vector<ArmResult>& arms, Quality quality, const std::optional<Network>& network) {
  if (!is_one_task(arms)) return by_task(arms, network);
  const auto best = best_arm(arms, quality);
  if (!best) return {"No run has finished yet; the figures show what there is so far.", {}};
  Answer result;
  const auto second = second_arm(arms, *best, quality);
  const auto add = [&](std::string sentence) {
    if (!sentence.empty()) result.details.push_back(std::move(sentence));
  };
  if (second) {
    result.headline = headline(arms[*best], arms[*second], quality);
    add(lead_sentence(arms[*best], arms[*second], quality));
    add(cost_sentence(arms, *best, quality));
    if (network) add(network_sentence(arms, *network));
  } else {
    result.headline = alone(arms[*best], quality);
  }
  add(unfinished_sentence(arms));
  return result;
}

std::string accuracy_text(const std::optional<MeanSpread>& accuracy) {
  if (!accuracy) return "--";
  const std::string mean = fmt::format("{:.2f} %", 100 * accuracy->mean);
  return accuracy->spread ? fmt::format("{} ± {:.2f}", mean, 100 * *accuracy->spread) : mean;
}

std::string loss_text(const std::optional<MeanSpread>& loss) {
  if (!loss) return "--";
  const std::string mean = fmt::format("{:.4f}", loss->mean);
  return loss->spread ? fmt::format("{} ± {:.4f}", mean, *loss->spread) : mean;
}

std::string count_text(const MeanSpread& count) {
  const std::string mean = format_count(std::llround(count.mean));
  return count.spread && std::llround(*count.spread) > 0
             ? fmt::format("{} ± {}", mean, format_count(std::llround(*count.spread)))
             : mean;
}

std::string share_text(double share) {
  return 100 * share < 1000 ? fmt::format("{:.3g} %", 100 * share)
                            : fmt::format("{} %", format_count(std::llround(100 * share)));
}

std::string plural(size_t count, const std::string& word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

}  // namespace muster
