#include <fmt/format.h>

#include <algorithm>

#include "muster/app/plan_result.h"
#include "muster/base/format.h"

namespace muster {

namespace {

constexpr double little = 0.05;      // of every_step's time: not worth a change
constexpr double enough = 0.10;      // of a rule's time beside computing: no rarer meetings needed
constexpr double worthwhile = 0.10;  // of the time, that a codec must save
constexpr int64_t longest_of_papers = 8;
constexpr int64_t long_run = 15'000;  // steps: the shortest run in which QSR was shown to gain

/// The share of a run's time that is not computing.
double overhead(const RunTime& time) {
  return time.total() > 0 ? (time.total() - time.compute - time.other) / time.total() : 0;
}

double meetings_share(const RunTime& time) {
  return time.total() > 0 ? (time.communication() + time.waiting) / time.total() : 0;
}

bool decays(const LearningRateSection& rate) {
  const bool smooth =
      rate.shape == "cosine" || rate.shape == "linear" || rate.shape == "cosine_powers_of_two";
  return smooth && rate.final <= 0.1 * rate.peak;
}

/// The rule that the papers speak for, given the training.
std::string family(const PlanRequest& request) {
  const Configuration& configuration = request.configuration;
  if (decays(configuration.learning_rate) && request.steps >= long_run) return "qsr";
  const bool drops = configuration.learning_rate.shape == "step";
  return drops && configuration.inner.optimizer == "sgd" ? "adaptive" : "constant";
}

/// Of a rule's rows with a base period that papers used, the shortest period that leaves little beside
/// computing; else the longest. Nothing where the plan has none.
std::optional<size_t> choose(const PlanResult& plan, const std::string& rule) {
  std::vector<size_t> rows;
  for (size_t i = 0; i < plan.rows.size(); ++i)
    if (plan.rows[i].schedule.rule == rule && plan.rows[i].schedule.base_period <= longest_of_papers &&
        plan.rows[i].schedule.base_period > 1)
      rows.push_back(i);
  std::stable_sort(rows.begin(), rows.end(), [&](size_t a, size_t b) {
    return plan.rows[a].schedule.base_period < plan.rows[b].schedule.base_period;
  });
  if (rows.empty()) return std::nullopt;
  const auto found = std::find_if(rows.begin(), rows.end(),
                                  [&](size_t row) { return overhead(plan.rows[row].time) <= enough; });
  return found == rows.end() ? rows.back() : *found;
}

std::string percent(double share) {
  return fmt::format("{} %", format_number(100 * share, 100 * share < 100 ? 3 : 4));
}
std::string hours(double seconds) { return format_duration(seconds); }

/// "20:00:00 for computing, 6:42:00 for meetings": the parts that are there; they add up to the whole.
std::string parts(const RunTime& time) {
  std::string text;
  const auto add = [&](double seconds, const char* what) {
    if (seconds > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", hours(seconds), what);
  };
  add(time.compute, "for computing");
  add(time.communication(), "for meetings");
  add(time.waiting, "waiting for the slowest");
  add(time.failures, "for failures");
  add(time.other, "for evaluations and checkpoints");
  return text;
}

double not_computing(const RunTime& time) {
  return time.total() > 0 ? (time.total() - time.compute) / time.total() : 0;
}

void explain_rule(const PlanResult& plan, PlanAdvice& advice) {
  const PlanRow& row = plan.rows[advice.row];
  const PlanRow& every = plan.rows[plan.every_step];
  auto& reasons = advice.reasons;
  reasons.push_back(
      fmt::format("Meeting at every step takes {}: {}.", hours(every.time.total()), parts(every.time)));
  if (advice.row == plan.every_step) {
    if (meetings_share(every.time) < little)
      reasons.push_back(fmt::format("Meetings and waiting are {} of that, so no rule can save much.",
                                    percent(meetings_share(every.time))));
    else
      reasons.push_back(
          fmt::format("Rounds with the periods of the papers save less than {} of it.", percent(little)));
    if (every.time.waiting > every.time.total() / 5 && plan.async)
      reasons.push_back(
          fmt::format("The waiting is for workers that are always slow, which no period changes. The "
                      "asynchronous run as configured takes {} (muster simulate, muster serve; "
                      "docs/async.md).",
                      hours(plan.async->seconds)));
    return;
  }
  reasons.push_back(
      fmt::format("{} meets in {} of the steps and takes {}: {} less. {} of it is not computing.", row.name,
                  percent(row.walk.communication()), hours(row.time.total()),
                  percent(1 - row.time.total() / every.time.total()), percent(not_computing(row.time))));
  if (advice.row == 0 && overhead(row.time) <= enough)
    reasons.emplace_back("It is the configuration's own rule, and leaves little to save.");
  if (row.schedule.rule == "qsr")
    reasons.push_back(
        fmt::format("The learning rate falls over {} steps: the quadratic rule meets often while it is "
                    "high and rarely at the end.",
                    format_count(plan.request.steps)));
  if (row.schedule.rule == "constant")
    reasons.push_back(fmt::format(
        "The shortest period of 2, 4, 8 at which all but computing takes at most {}, or the longest "
        "of them; rules that "
        "follow the learning rate need a long run in which it falls.",
        percent(enough)));
  if (row.schedule.rule == "adaptive")
    reasons.emplace_back(
        "The learning rate falls in steps: the adaptive period follows the replicas' divergence.");
}

void explain_risk(const PlanResult& plan, PlanAdvice& advice) {
  const PlanRow& row = plan.rows[advice.row];
  const std::string& rule = row.schedule.rule;
  auto& risks = advice.risks;
  if (rule == "qsr" || rule == "power") {
    risks.emplace_back(
        "Accuracy: QSR gained 0.8 to 1.2 points over meeting at every step for ViT-B on ImageNet in 300 "
        "epochs, and "
        "1.7 over a constant period of 4 (Gu et al., ICLR 2024); for ResNet-50 in 90 epochs it had no "
        "effect. It is "
        "a rule for long training of large models; for language models it has not been shown to gain.");
    if (plan.request.steps < long_run || !decays(plan.request.configuration.learning_rate))
      risks.emplace_back(
          "This run is short, or its learning rate does not fall far: expect time, not accuracy.");
    if (plan.request.configuration.learning_rate.warmup_steps > 0)
      risks.emplace_back(
          "Keep schedule.in_warmup = base_period or first_after: the rule would make one round of the "
          "warm-up.");
  } else if (rule == "constant") {
    risks.emplace_back(
        "Accuracy: a constant period tends to cost some: ViT-B on ImageNet ended 1.7 points lower with "
        "period 4 than "
        "with QSR (Gu et al., ICLR 2024), and the replicas' variance is largest early, when meetings matter "
        "most "
        "(Jiang, Agrawal, 2020). Compare a short run with every_step: muster compare.");
  } else if (rule == "adaptive") {
    risks.emplace_back(
        "Accuracy: ADPSGD reported lower loss and higher accuracy than a constant period with fewer "
        "meetings, "
        "on CIFAR-10 and ImageNet with 16 workers and SGD (Jiang, Agrawal, 2020); with AdamW it is "
        "untested.");
    if (row.walk.estimated)
      risks.emplace_back(
          "Its rounds here are an estimate: it follows the divergence that the run will measure.");
  } else if (rule == "swap" || rule == "post_local") {
    risks.emplace_back("Accuracy: the step of the switch has to be tuned; Gu et al. found both below QSR.");
  } else if (rule != "every_step") {
    risks.emplace_back("Accuracy: compare a short run with every_step (muster compare) before a long one.");
  }
  if (rule != "every_step" && row.schedule.base_period > longest_of_papers)
    risks.push_back(fmt::format("A base period of {} is beyond what the papers on it tried (8).",
                                row.schedule.base_period));
}

void choose_travel(const PlanResult& plan, PlanAdvice& advice) {
  const RunTime before = advice.time;
  if (before.total() <= 0 || before.communication() / before.total() <= enough) return;
  for (const PlanTravel& travel : plan.travels) {
    if (travel.name != "qsgd8" || plan.request.configuration.comm.codec != "fp32") continue;
    const double saved = 1 - travel.time.total() / before.total();
    if (saved < worthwhile) continue;
    advice.comm = travel.comm;
    advice.time = travel.time;
    advice.bytes_per_worker = travel.bytes_per_worker;
    advice.reasons.push_back(
        fmt::format("Bytes still take long: 8 bits for each value (qsgd8) save another {}, without "
                    "the processor's time for encoding.",
                    percent(saved)));
    advice.risks.emplace_back(
        "qsgd8: 8 bits in buckets of 512 reached the accuracy of 32 (Alistarh et al., 2017).");
  }
  for (const PlanTravel& travel : plan.travels)
    if (travel.name == "delayed by a round" && travel.time.total() < 0.9 * advice.time.total())
      advice.reasons.push_back(
          fmt::format("Not taken: comm.overlap = delayed would need {} instead of {}; outcomes "
                      "that land a round late cost accuracy (docs/benchmarks.md).",
                      hours(travel.time.total()), hours(advice.time.total())));
}

}  // namespace

namespace {

/// The rule that the papers and the times speak for, whatever it saves.
size_t best_rule(const PlanResult& plan) {
  const PlanRow& every = plan.rows[plan.every_step];
  if (meetings_share(every.time) < little) return plan.every_step;
  const std::string& own = plan.rows.front().schedule.rule;
  const bool local = own != "every_step" && own != "swap";
  if (local && overhead(plan.rows.front().time) <= enough) return 0;
  if (const auto chosen = choose(plan, family(plan.request))) return *chosen;
  if (const auto chosen = choose(plan, "constant")) return *chosen;
  return 0;
}

}  // namespace

size_t plan_choice(const PlanResult& plan) {
  const size_t best = best_rule(plan);
  const double saved = 1 - plan.rows[best].time.total() / plan.rows[plan.every_step].time.total();
  return saved < little ? plan.every_step : best;
}

PlanAdvice plan_advice(const PlanResult& plan) {
  PlanAdvice advice;
  advice.row = plan_choice(plan);
  const PlanRow& row = plan.rows[advice.row];
  advice.comm = plan.request.configuration.comm;
  advice.time = row.time;
  advice.bytes_per_worker = row.bytes_per_worker;
  explain_rule(plan, advice);
  explain_risk(plan, advice);
  choose_travel(plan, advice);
  return advice;
}

}  // namespace muster
