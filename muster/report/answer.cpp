#include "muster/report/answer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "muster/base/format.h"
#include "muster/report/lead_interval.h"
#include "muster/report/no_worse.h"

namespace muster::inline report {

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

// The best arm after `best`.
std::optional<size_t> second_arm(const std::vector<ArmResult>& arms, size_t best, Quality quality) {
  std::vector<ArmResult> others = arms;
  others[best].finished = false;
  return best_arm(others, quality);
}

std::string seeds_text(const ArmResult& arm) {
  return arm.seeds.size() > 1 ? fmt::format(" (mean and spread of {})", plural(arm.seeds.size(), "seed"))
                              : "";
}

// Whether the interval of the lead lies wholly above 0.
bool is_settled(const std::optional<LeadInterval>& ahead) { return ahead && ahead->low > 0; }

std::string headline(const ArmResult& best, const ArmResult& second, Quality quality) {
  const auto ahead = lead_interval(best, second, quality);
  const std::string value = quality_text(best, quality);
  if (is_settled(ahead))
    return fmt::format("{} has the best {}: {}{}.", best.name, quality_name(quality), value,
                       seeds_text(best));
  if (!ahead)
    return fmt::format("{} is first in {} with {}, in a single seed.", best.name, quality_name(quality),
                       value);
  return fmt::format("No clear winner in {}: the seeds do not separate {} ({}) and {}.",
                     quality_name(quality), best.name, value, second.name);
}

std::string lead_sentence(const ArmResult& best, const ArmResult& second, Quality quality) {
  const double mean = lead(best, second, quality).mean;
  if (mean == 0) return fmt::format("{} has exactly the same value as {}.", second.name, best.name);
  const std::string by = fmt::format("{} is {} behind", second.name, difference_text(mean, quality));
  const auto ahead = lead_interval(best, second, quality);
  if (!ahead)
    return by + "; with one seed the spread is unknown, so the order may be chance: try more seeds.";
  return fmt::format("{}; the 99 % interval of that difference over {} seeds is {} to {}{}.", by,
                     ahead->seeds, spread_text(ahead->low, quality), spread_text(ahead->high, quality),
                     is_settled(ahead) ? "" : ", so the order may be chance");
}

// The arm with the least communication of all finished ones.
size_t cheapest_arm(const std::vector<ArmResult>& arms, size_t best) {
  size_t cheapest = best;
  for (size_t i = 0; i < arms.size(); ++i)
    if (arms[i].finished && arms[i].bytes_per_worker.mean < arms[cheapest].bytes_per_worker.mean)
      cheapest = i;
  return cheapest;
}

// "11.1 MiB per worker in 39 rounds, 12.5 % of every_step's bytes": compared with the first arm.
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

std::string names_of(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i)
    text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  return text;
}

// "Compared with every_step, with a margin of 1 point of test accuracy: a and b are no worse; c is worse."
std::string margin_sentence(const std::vector<ArmResult>& arms, Quality quality, double margin) {
  std::map<Decision, std::vector<std::string>> by_verdict;
  for (const NoWorse& arm : no_worse(arms, quality, margin)) by_verdict[arm.verdict].push_back(arm.arm);
  std::vector<std::string> parts;
  for (const auto& [verdict, names] : by_verdict) {
    const char* is = names.size() == 1 ? "is" : "are";
    const char* what = verdict == Decision::holds     ? "no worse"
                       : verdict == Decision::refuted ? "worse"
                                                      : "undecided";
    parts.push_back(fmt::format("{} {} {}", names_of(names), is, what));
  }
  return fmt::format("Compared with {}, with a margin of {} of {}: {}.", arms.front().name,
                     margin_text(margin, quality), quality_name(quality), fmt::join(parts, "; "));
}

// The first arm, and those that are no worse.
std::vector<ArmResult> as_good(const std::vector<ArmResult>& arms, Quality quality, double margin) {
  std::vector<ArmResult> kept = {arms.front()};
  const auto verdicts = no_worse(arms, quality, margin);
  for (size_t i = 0; i < verdicts.size(); ++i)
    if (verdicts[i].verdict == Decision::holds) kept.push_back(arms[i + 1]);
  return kept;
}

// What the cheapest of the equally good arms saves.
std::string saving_sentence(const std::vector<ArmResult>& good) {
  if (good.size() < 2) return {};
  const auto cheapest =
      std::min_element(good.begin() + 1, good.end(), [](const auto& one, const auto& other) {
        return one.bytes_per_worker.mean < other.bytes_per_worker.mean;
      });
  return fmt::format("Of those that are no worse, {} communicates least: {}.", cheapest->name,
                     handed_in(*cheapest, good.front()));
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
  return fmt::format("{} reaches a {} of {}{}, sending {}.", arm.name, quality_name(quality),
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

// Losses and accuracies of different tasks are not comparable: an answer for each task.
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

Answer answer(const std::vector<ArmResult>& arms, Quality quality, const std::optional<Network>& network,
              std::optional<double> margin) {
  if (!is_one_task(arms)) return by_task(arms, network);
  const auto best = best_arm(arms, quality);
  if (!best) return {"No run has finished yet; the figures show what there is so far.", {}};
  Answer result;
  const auto second = second_arm(arms, *best, quality);
  const auto add = [&](std::string sentence) {
    if (!sentence.empty()) result.details.push_back(std::move(sentence));
  };
  if (second && margin) {
    result.headline = margin_sentence(arms, quality, *margin);
    const auto good = as_good(arms, quality, *margin);
    add(saving_sentence(good));
    if (network) add(network_sentence(good, *network));
  } else if (second) {
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

}  // namespace muster::inline report
