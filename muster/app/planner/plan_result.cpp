#include "muster/app/planner/plan_result.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "muster/app/keys/catalogue.h"
#include "muster/app/keys/make_schedule.h"
#include "muster/app/options/resolve.h"
#include "muster/app/options/simulation_options.h"
#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/base/stopwatch.h"
#include "muster/plan/event_simulation.h"

namespace muster::inline app {

namespace {

constexpr double hopeless = 100;   // most that failures may cost, in multiples of the work
constexpr double pays_from = 0.5;  // least PlanScale::marginal at which more workers pay

PlanRow plan_row(const Catalogue& catalogue, const PlanRequest& request, const PlanBasis& basis,
                 const PlanRule& rule, const RateCurve& curve, RoundMaximum& maximum) {
  PlanRow row{rule.name, &catalogue.rules().at(rule.schedule.rule), rule.schedule.values};
  row.walk = walk_rule(catalogue, request.configuration, rule.schedule, curve,
                       basis.replay ? &*basis.replay : nullptr);
  row.time = predict_run(row.walk, basis.costs, maximum);
  row.bytes_per_worker = static_cast<double>(row.walk.meetings()) * basis.bytes_per_meeting;
  row.cost = plan_cost(request, basis.costs.group, row.time.total());
  return row;
}

void add_rows(const Catalogue& catalogue, PlanResult& plan, const RateCurve& curve) {
  const PlanRequest& request = plan.request;
  RoundMaximum maximum(plan.basis.costs.step, plan.basis.costs.group.workers());
  std::vector<PlanRule> rules =
      plan_rules(catalogue, request.configuration, request.steps, request.settings_per_rule, request.periods);
  for (const StatedTotal& total : request.totals)
    if (std::none_of(rules.begin(), rules.end(),
                     [&](const PlanRule& rule) { return rule.name == total.rule; }))
      rules.push_back(named_rule(catalogue, "--total", total.rule, request.configuration, request.steps));
  for (const PlanRule& rule : rules)
    plan.rows.push_back(plan_row(catalogue, request, plan.basis, rule, curve, maximum));
  const auto found = std::find_if(plan.rows.begin(), plan.rows.end(), [](const PlanRow& row) {
    return row.rule->gradients == GradientMeetings::always;
  });
  plan.every_step = static_cast<size_t>(found - plan.rows.begin());
}

/// Adds other codecs and overlap under the chosen rule.
void add_travels(const Catalogue& catalogue, PlanResult& plan) {
  if (plan.basis.parameters == 0 || plan.basis.costs.group.workers() < 2) return;
  const PlanRow& row = plan.rows[plan_choice(plan)];
  RoundMaximum maximum(plan.basis.costs.step, plan.basis.costs.group.workers());
  const auto add = [&](const std::string& name, const CommSection& comm, bool delayed) {
    RunCosts costs = plan.basis.costs;
    costs.message_bytes = travelling_bytes(catalogue, comm, plan.basis.parameters);
    costs.delayed = comm.overlap != "none";
    costs.delay = comm.delay;
    const double handed = handed_in_bytes(catalogue, comm, plan.basis.parameters, costs.group.workers());
    plan.travels.push_back({name, &catalogue.codecs().at(comm.codec), delayed,
                            predict_run(row.walk, costs, maximum),
                            handed * static_cast<double>(row.walk.meetings())});
  };
  const CommSection& own = plan.request.configuration.comm;
  add("as configured", own, false);
  for (const NamedCodec& codec : catalogue.codecs().all()) {
    if (!codec.planned) continue;
    CommSection comm = own;
    comm.codec = codec.name;
    comm.codec_values = {};
    add(codec.name, comm, false);
  }
  if (own.overlap != "none") return;
  CommSection comm = own;
  comm.overlap = "delayed";
  add("delayed by a round", comm, true);
}

/// 1, 2, 3, 4, 6, 8, 12, ... 10,000.
std::vector<int64_t> usual_scan() {
  std::vector<int64_t> workers = {1};
  for (int64_t power = 2; power <= 10'000; power *= 2) {
    workers.push_back(power);
    if (power + power / 2 <= 10'000) workers.push_back(power + power / 2);
  }
  workers.push_back(10'000);
  return workers;
}

void judge(PlanScan& scan) {
  const PlanScale* before = nullptr;
  bool paying = true;
  const PlanScale* best = nullptr;
  for (PlanScale& point : scan.points) {
    if (before) {
      point.marginal = std::log(before->time.total() / point.time.total()) /
                       std::log(static_cast<double>(point.workers) / static_cast<double>(before->workers));
      paying = paying && point.marginal >= pays_from;
    }
    if (paying) scan.pays_up_to = point.workers;
    if (!best || point.time.total() < best->time.total()) best = &point;
    before = &point;
  }
  if (best) scan.fastest = best->workers;
}

/// Workers beyond which one step would take more samples than the data (or the whole run) has.
int64_t most_workers(const PlanRequest& request, double worker_steps) {
  const auto samples = request.samples();
  const auto whole = static_cast<int64_t>(worker_steps);
  return samples ? std::min(whole, *samples / request.configuration.task.batch) : whole;
}

/// The same samples on other numbers of workers, with the same number of rounds.
PlanScan scan_workers(const PlanResult& plan, const PlanRow& row) {
  PlanScan scan;
  scan.rule = row.name;
  const HostGroup& group = plan.basis.costs.group;
  const double samples = static_cast<double>(plan.request.steps) * static_cast<double>(group.workers());
  const int64_t most = most_workers(plan.request, samples);
  for (const int64_t workers : plan.request.scan.empty() ? usual_scan() : plan.request.scan) {
    if (workers > most) {
      if (plan.request.scan.empty()) break;
      throw OptionError(
          "--workers", std::to_string(workers),
          fmt::format("there are only enough samples for {} workers with task.batch = {}: a step "
                      "takes workers x batch of them",
                      most, plan.request.configuration.task.batch));
    }
    const double share = static_cast<double>(group.workers()) / static_cast<double>(workers);
    PlanScale point;
    point.workers = workers;
    point.hosts = std::max<int64_t>(1, workers / group.workers_per_host);
    if (workers > group.workers_per_host && workers % group.workers_per_host != 0) continue;
    point.steps = std::llround(samples / static_cast<double>(workers));
    point.steps = std::max<int64_t>(1, point.steps);
    RunCosts costs = plan.basis.costs;
    costs.group.hosts = point.hosts;
    costs.group.workers_per_host = std::min(workers, group.workers_per_host);
    RoundMaximum maximum(costs.step, workers);
    point.time = predict_run(row.walk, costs, maximum, share);
    point.cost = plan_cost(plan.request, costs.group, point.time.total());
    scan.points.push_back(point);
  }
  judge(scan);
  return scan;
}

std::optional<PlanAsync> simulate(const Catalogue& catalogue, const PlanRequest& request,
                                  const PlanBasis& basis) {
  if (!request.asynchronous()) return std::nullopt;
  const Configuration configuration = request.simulated(catalogue);
  const SimulationOptions options = simulation_options(configuration, basis.costs.message_bytes);
  EventSimulation simulation(options, simulated_speeds(configuration));
  while (simulation.advance()) {
  }
  const SimulationTally& tally = simulation.tally();
  PlanAsync result;
  result.seconds = tally.seconds();
  result.arrivals = tally.arrivals();
  result.utilisation = tally.utilisation();
  result.bytes_per_worker = tally.bytes_received() / static_cast<double>(request.workers());
  RoundMaximum maximum(basis.costs.step, request.workers());
  const ScheduleWalk walk =
      walk_constant(request.steps, std::min(request.steps, configuration.async.local_steps));
  result.lockstep_seconds = predict_run(walk, basis.costs, maximum).total();
  return result;
}

/// Adds notes on what a reader may not expect in the rows.
void add_notes(PlanResult& plan) {
  const double every = plan.rows[plan.every_step].time.total();
  for (const PlanRow& row : plan.rows) {
    if (!row.rule->one_period || row.time.total() <= every) continue;
    plan.basis.notes.push_back(fmt::format(
        "{} takes longer than every_step ({} and {}): as measured, a meeting that averages parameters takes "
        "more than {} that average gradients. Where meetings are so cheap, few rules save time.",
        row.name, format_duration(row.time.total()), format_duration(every), *row.base_period()));
    break;
  }
  if (!plan.request.totals.empty() && !plan.basis.link_known)
    plan.basis.notes.emplace_back(
        "Times on other numbers of workers do not follow from total times: use --parameters "
        "and --hosts for the network's share.");
}

}  // namespace

std::optional<double> plan_cost(const PlanRequest& request, const HostGroup& group, double seconds) {
  if (!request.price) return std::nullopt;
  const auto paid = static_cast<double>(request.hosts ? group.hosts : group.workers());
  return *request.price * paid * seconds / 3600;
}

PlanResult make_plan(const Catalogue& catalogue, const PlanRequest& request, PlanBasis basis) {
  const Stopwatch watch;
  PlanResult plan;
  plan.request = request;
  plan.basis = std::move(basis);
  plan.facts = advice_facts(catalogue, request);
  plan.own_codec = &catalogue.codecs().at(request.configuration.comm.codec);
  const RateCurve curve(make_learning_rate(catalogue, request.configuration, request.steps), request.steps);
  add_rows(catalogue, plan, curve);
  for (const PlanRow& row : plan.rows)
    if (!(row.time.failures <= hopeless * (row.time.total() - row.time.failures)))
      throw OptionError(
          "--failures", std::to_string(request.failures.per_hour),
          "with so many failures and so much lost at each, the run would hardly ever end: refused to plan; "
          "write checkpoints more often (checkpoint.every) or continue without the lost workers "
          "(elastic.min_workers)");
  plan.async = simulate(catalogue, request, plan.basis);
  add_travels(catalogue, plan);
  add_notes(plan);
  if (!plan.basis.on_this_machine && (plan.basis.link_known || plan.request.totals.empty())) {
    plan.scans.push_back(scan_workers(plan, plan.rows[plan.every_step]));
    const size_t choice = plan_choice(plan);
    if (choice != plan.every_step) plan.scans.push_back(scan_workers(plan, plan.rows[choice]));
  }
  plan.advice = plan_advice(plan);
  plan.seconds = watch.seconds();
  return plan;
}

}  // namespace muster::inline app
