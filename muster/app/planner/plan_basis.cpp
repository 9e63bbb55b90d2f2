#include "muster/app/planner/plan_basis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "muster/app/keys/codec_choice.h"
#include "muster/app/keys/make_schedule.h"
#include "muster/app/options/resolve.h"
#include "muster/app/options/simulation_options.h"
#include "muster/app/planner/plan_rules.h"
#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/base/message_size.h"
#include "muster/choice/value.h"

namespace muster::inline app {

namespace {

constexpr double nothing_kept = 1e-3;  // seconds of progress lost where the others go on

MessageForm form_of(const Catalogue& catalogue, const CommSection& comm) {
  const auto choice = codec_choice(catalogue, comm);
  return choice ? choice->codec.form() : MessageForm{};
}

/// Places workers on hosts: as requested, or one host each where there is a network, or all on this one.
void set_group(const PlanRequest& request, int64_t workers, PlanBasis& basis) {
  const bool spread = request.hosts || request.network || !request.launch.empty() || !request.totals.empty();
  HostGroup& group = basis.costs.group;
  group.hosts = request.hosts.value_or(spread ? workers : 1);
  if (workers % group.hosts != 0)
    throw OptionError("--hosts", std::to_string(group.hosts),
                      fmt::format("must divide the {} workers of the run evenly", workers));
  group.workers_per_host = workers / group.hosts;
  group.gathered = !request.apart;
}

void set_network(const PlanRequest& request, PlanBasis& basis) {
  MeetingCost& meeting = basis.costs.meeting;
  meeting.message_seconds = request.message_seconds;
  if (request.network) {
    meeting.bits_per_second = request.network->bits_per_second;
    meeting.latency_seconds = request.network->latency_seconds;
    basis.link_known = true;
  }
  meeting.validate();
}

void set_failures(const PlanRequest& request, PlanBasis& basis) {
  basis.costs.failures = request.failures;
  if (request.failures.per_hour == 0) return;
  const Configuration& configuration = request.configuration;
  if (configuration.elastic.min_workers) {
    basis.costs.failures.kept_every = nothing_kept;
    basis.notes.emplace_back(
        "Failures: elastic.min_workers is given, so the others continue from where they are; a failure costs "
        "the "
        "restart time alone.");
  } else if (configuration.checkpoint.every > 0) {
    basis.costs.kept_steps = configuration.checkpoint.every;
    basis.notes.push_back(fmt::format(
        "Failures: the run resumes from its last checkpoint (checkpoint.every = {} steps); half of that is "
        "lost on average.",
        configuration.checkpoint.every));
  } else {
    basis.costs.failures.kept_every = std::numeric_limits<double>::max();
    basis.notes.emplace_back("Failures: no checkpoints are written, so a failure loses the whole run.");
  }
}

void set_bytes(const Catalogue& catalogue, const PlanRequest& request, PlanBasis& basis) {
  if (basis.parameters == 0) return;
  basis.costs.message_bytes = travelling_bytes(catalogue, request.configuration.comm, basis.parameters);
  if (basis.bytes_per_meeting == 0)
    basis.bytes_per_meeting =
        handed_in_bytes(catalogue, request.configuration.comm, basis.parameters, request.workers());
}

/// A meeting's time as latency and bytes over an effective bandwidth. `usual`: latency and work of messages.
void share_of_link(double meeting, const MeetingCost& usual, PlanBasis& basis) {
  MeetingCost& cost = basis.costs.meeting;
  cost = usual;
  cost.bits_per_second = std::numeric_limits<double>::infinity();
  const double latency = meeting_time(cost, basis.costs.group, 0, false).total();
  if (latency > meeting / 2) cost.latency_seconds = cost.message_seconds = 0;
  const double bytes = host_bytes(basis.costs.group, basis.costs.message_bytes);
  cost.bits_per_second = 8 * bytes / (latency > meeting / 2 ? meeting : meeting - latency);
  basis.link_known = true;
  basis.notes.push_back(fmt::format(
      "A meeting of {} takes {}: an effective {:.3g} Gbit/s of each host's link.",
      format_bytes(basis.costs.message_bytes), format_duration(meeting), cost.bits_per_second / 1e9));
}

/// From --total: the totals give the time of a meeting; with known parameters it is put down to the link.
void use_totals(const Catalogue& catalogue, const PlanRequest& request, PlanBasis& basis) {
  const RateCurve curve(make_learning_rate(catalogue, request.configuration, request.steps), request.steps);
  std::vector<TotalTime> totals;
  for (const StatedTotal& total : request.totals) {
    const PlanRule rule = named_rule(catalogue, "--total", total.rule, request.configuration, request.steps);
    totals.push_back(
        {total.rule,
         walk_rule(catalogue, request.configuration, rule.schedule, curve, nullptr).communication(),
         total.hours});
  }
  basis.solved = solve_totals(totals);
  const auto steps = static_cast<double>(request.steps);
  basis.costs.step.seconds = 3600 * basis.solved->compute_hours / steps;
  const double meeting = 3600 * basis.solved->communication_hours / steps;
  MeetingCost& cost = basis.costs.meeting;
  const MeetingCost network_before = cost;
  cost.fixed_seconds = cost.gradient_seconds = meeting;
  cost.bits_per_second = std::numeric_limits<double>::infinity();
  cost.latency_seconds = cost.message_seconds = 0;
  basis.source = fmt::format("solved from {} total times (T = compute + meetings/steps x communication)",
                             request.totals.size());
  if (basis.solved->largest_residual > 0)
    basis.notes.push_back(
        fmt::format("The totals are within {:.2g} % of one line.", 100 * basis.solved->largest_residual));
  if (basis.parameters == 0 || basis.costs.group.hosts < 2) {
    basis.notes.emplace_back(
        "The totals show what a meeting takes, not why: it is assumed to be the same on other numbers of "
        "workers. "
        "Give --parameters (and --hosts) for its share of the network.");
    return;
  }
  share_of_link(meeting, network_before, basis);
}

/// Evaluations and checkpoints of the whole run, the last one of each at its end.
double other_seconds(const PlanRequest& request, const PlanMeasurement& measured) {
  const auto times = [&](int64_t every) { return every > 0 ? (request.steps + every - 1) / every : 1; };
  const int64_t evaluations =
      times(request.configuration.evaluation.every.value_or(measured.evaluate_every.value_or(0)));
  const int64_t checkpoints = times(request.configuration.checkpoint.every);
  return static_cast<double>(evaluations) * measured.evaluation_seconds +
         static_cast<double>(checkpoints) * measured.checkpoint_seconds;
}

/// From measured rounds. Where workers had machines of their own, the link's share is the stated network's,
/// or else all of a meeting.
void use_measurement(const PlanRequest& request, const PlanMeasurement& measured, PlanBasis& basis) {
  const bool apart = measured.processes > 1;
  const FittedTimes times = fit_rounds(measured.rounds);
  RunCosts& costs = basis.costs;
  basis.source = measured.source;
  costs.other_seconds = other_seconds(request, measured);
  if (!apart && request.network) {  // predicts workers on machines of their own, like this one
    costs.step.seconds = measured.own_step_seconds;
    basis.source += "; every worker on its own machine, as fast as a thread here";
    return;
  }
  costs.step.seconds = times.step_seconds;
  costs.meeting.fixed_seconds = times.parameter_seconds;
  costs.meeting.gradient_seconds = times.gradient_seconds;
  if (!apart) {
    basis.on_this_machine = true;
    costs.group = {1, costs.group.workers(), true};
    return;
  }
  MeetingCost& cost = costs.meeting;
  const double bytes = host_bytes(costs.group, costs.message_bytes);
  if (!request.network) {
    cost.latency_seconds = cost.message_seconds = 0;
    const double shared = std::min(times.parameter_seconds, times.gradient_seconds);
    if (shared > 0) cost.bits_per_second = 8 * bytes / shared;
    basis.link_known = shared > 0;
  }
  MeetingCost bare = cost;
  bare.fixed_seconds = bare.gradient_seconds = 0;
  const double network = meeting_time(bare, costs.group, costs.message_bytes, false).total();
  cost.fixed_seconds = std::max(0.0, times.parameter_seconds - network);
  cost.gradient_seconds = std::max(0.0, times.gradient_seconds - network);
}

void use_async_speeds(const Catalogue& catalogue, const PlanRequest& request, PlanBasis& basis) {
  const Configuration simulated = request.simulated(catalogue);
  const SimulationOptions options = simulation_options(simulated, basis.costs.message_bytes);
  basis.costs.step.seconds = 1;
  basis.costs.step.slowness = device_speeds(options.devices);
  MeetingCost& cost = basis.costs.meeting;
  // In lockstep around a server: parameters to all, then contributions from all, over each worker's link.
  cost = {.bits_per_second = std::numeric_limits<double>::infinity(),
          .latency_seconds = 0,
          .message_seconds = 0,
          .fixed_seconds = 2 * options.link.seconds(),
          .gradient_seconds = 2 * options.link.seconds()};
  basis.costs.group = {1, request.workers(), true};
  basis.on_this_machine = true;
  basis.source = "the devices of async.seconds_per_step around a server";
}

}  // namespace

double travelling_bytes(const Catalogue& catalogue, const CommSection& comm, int64_t parameters) {
  return static_cast<double>(message_bytes(form_of(catalogue, comm), parameters));
}

double handed_in_bytes(const Catalogue& catalogue, const CommSection& comm, int64_t parameters,
                       int64_t workers) {
  if (!codec_choice(catalogue, comm) || workers == 1) return static_cast<double>(parameters) * 4;
  return static_cast<double>(compressed_mean_bytes(form_of(catalogue, comm), parameters, workers, 0));
}

PlanBasis plan_basis(const Catalogue& catalogue, const PlanRequest& request,
                     const std::optional<PlanMeasurement>& measurement) {
  PlanBasis basis;
  const int64_t workers = measurement ? measurement->workers : request.workers();
  set_group(request, workers, basis);
  set_network(request, basis);
  basis.parameters = request.parameters.value_or(measurement ? measurement->parameters : 0);
  if (basis.parameters == 0 && request.step_seconds && request.network) {
    const auto known = model_parameters(catalogue, request.configuration);
    if (!known)
      throw OptionError(
          "--parameters", "(not given)",
          "the size of this model is not known without training it: give its number of parameters");
    basis.parameters = *known;
  }
  if (measurement) basis.bytes_per_meeting = measurement->bytes_per_meeting;
  set_bytes(catalogue, request, basis);
  basis.costs.step.spread = request.spread;
  basis.costs.delayed = request.configuration.comm.overlap != "none";
  basis.costs.delay = request.configuration.comm.delay;
  if (!request.totals.empty()) use_totals(catalogue, request, basis);
  if (request.step_seconds) {
    basis.costs.step.seconds = *request.step_seconds;
    basis.source = "the figures given";
    if (!request.network) {
      basis.notes.emplace_back("No --network was given: meetings are taken for free.");
      basis.costs.group = {1, workers, true};
      basis.on_this_machine = true;
    }
  }
  if (request.asynchronous() && request.totals.empty() && !request.step_seconds && !measurement)
    use_async_speeds(catalogue, request, basis);
  if (measurement) {
    use_measurement(request, *measurement, basis);
    basis.replay = measurement->replay;
  }
  basis.costs.step.validate();
  set_failures(request, basis);
  return basis;
}

}  // namespace muster::inline app
