#include "muster/asynchronous/async_server.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/flat/arithmetic.h"
#include "muster/flat/finite.h"
#include "muster/flat/norm.h"
#include "muster/flat/vector.h"

namespace muster {

namespace {

constexpr size_t longest_histogram = 1024;

Vector copy_of(const Vector& vector) {
  Vector copy = flat_vector(vector.size(), vector.type());
  copy.copy_from(vector);
  return copy;
}

double largest(ElementType type) {
  return type == ElementType::float64 ? std::numeric_limits<double>::max()
                                      : static_cast<double>(std::numeric_limits<float>::max());
}

[[noreturn]] void fail_event(const std::string& what) {
  throw DataError("this event cannot follow on those before it: " + what);
}

}  // namespace

void AsyncServerOptions::validate() const {
  if (!(max_norm >= 0 && std::isfinite(max_norm)))
    throw OptionError("async.max_norm", format_number(max_norm), "must be 0 (no limit) or a number above it");
}

double ServerCounts::staleness_mean() const {
  const int64_t counted = of(Verdict::counted);
  return counted == 0 ? 0 : static_cast<double>(staleness_sum) / static_cast<double>(counted);
}

AsyncServer::AsyncServer(AsyncServerParts parts, const AsyncServerOptions& options, const Vector& parameters)
    : parts_(std::move(parts)), options_(options) {
  options_.validate();
  invariant(parts_.dispatcher && parts_.weight && parts_.outer, "a server needs all its parts");
  require_flat(parameters, parameters.size(), parameters.type(), "parameters of a server");
  parameters_ = copy_of(parameters);
  scratch_ = flat_vector(parameters.size(), parameters.type());
}

Verdict AsyncServer::judge(const Contribution& contribution) const {
  const Dispatcher& dispatcher = *parts_.dispatcher;
  if (!dispatcher.known(contribution.worker)) return Verdict::unknown_worker;
  const Assignment* const open = dispatcher.open_assignment(contribution.worker);
  if (!open || open->sequence != contribution.sequence) {
    const bool given =
        contribution.sequence >= 0 && contribution.sequence < dispatcher.rounds_given(contribution.worker);
    if (!given) return Verdict::unknown_assignment;
    return lost_rounds_.contains(contribution.worker, contribution.sequence) ? Verdict::too_late
                                                                             : Verdict::duplicate;
  }
  if (open->version != contribution.version || open->shard != contribution.shard ||
      contribution.local_steps < 1 || contribution.local_steps > open->local_steps)
    return Verdict::unknown_assignment;
  const Vector& vector = contribution.pseudo_gradient;
  if (!vector.defined() || !same_form(vector, parameters_)) return Verdict::wrong_shape;
  if (!all_finite(vector) || !std::isfinite(contribution.loss)) return Verdict::not_finite;
  const double norm = norm_of(vector);
  if (!(norm <= largest(vector.type()))) return Verdict::not_finite;
  if (options_.max_norm > 0 && !(norm <= options_.max_norm)) return Verdict::too_large;
  if (options_.outliers == Outliers::refuse && norms_.far_above(norm)) return Verdict::outlier;
  if (!(parts_.weight->of(version_ - open->version) > 0)) return Verdict::stale;
  return Verdict::counted;
}

std::string AsyncServer::reason(const Contribution& contribution, Verdict verdict) const {
  const auto norm = [&] { return "its norm is " + format_number(norm_of(contribution.pseudo_gradient), 4); };
  if (verdict == Verdict::too_large)
    return norm() + ", above async.max_norm = " + format_number(options_.max_norm, 4);
  if (verdict == Verdict::outlier)
    return norm() + ", more than " + format_number(NormWatch::far, 4) + " times the running median " +
           format_number(norms_.median().value_or(0), 4) + " (async.outlier = refuse)";
  if (verdict == Verdict::not_finite) return "its vector, norm or loss is not finite";
  return "";
}

ServerEvent AsyncServer::event_of(const Contribution& contribution, Verdict verdict) {
  invariant(ends_round(verdict), "a contribution that was turned away is no event");
  if (verdict == Verdict::counted) return contribution;
  return ContributionDropped{contribution.worker,    contribution.sequence,        contribution.local_steps,
                             contribution.completed, contribution.compute_seconds, verdict};
}

void AsyncServer::turn_away(Verdict verdict) {
  invariant(!ends_round(verdict), "a contribution that ends its round is an event");
  ++counts_.contributions[static_cast<size_t>(verdict)];
}

EventOutcome AsyncServer::receive(const Contribution& contribution) {
  const Verdict verdict = judge(contribution);
  if (ends_round(verdict)) return apply(event_of(contribution, verdict));
  turn_away(verdict);
  return {.verdict = verdict};
}

EventOutcome AsyncServer::apply(const ServerEvent& event) {
  return std::visit([this](const auto& kind) { return apply_one(kind); }, event);
}

EventOutcome AsyncServer::apply_one(const WorkerJoined& event) {
  if (event.worker < 0 || parts_.dispatcher->present(event.worker))
    fail_event("worker " + std::to_string(event.worker) + " joins");
  parts_.dispatcher->join(event.worker, event.time, event.seconds_per_step);
  ++counts_.joined;
  return {};
}

EventOutcome AsyncServer::apply_one(const WorkerLeft& event) {
  if (!parts_.dispatcher->present(event.worker))
    fail_event("worker " + std::to_string(event.worker) + " leaves");
  if (const Assignment* const open = parts_.dispatcher->open_assignment(event.worker))
    lost_rounds_.add(open->worker, open->sequence);
  parts_.dispatcher->leave(event.worker);
  starts_.erase(event.worker);
  ++counts_.left;
  return {};
}

void AsyncServer::require_open(int64_t worker, int64_t sequence) const {
  const Assignment* const open = parts_.dispatcher->open_assignment(worker);
  if (!open || open->sequence != sequence)
    fail_event("round " + std::to_string(sequence) + " of worker " + std::to_string(worker) + " ends");
}

void AsyncServer::end_round(int64_t worker, double completed, int64_t local_steps, double compute_seconds,
                            bool counts) {
  if (local_steps < 1 || local_steps > parts_.dispatcher->open_assignment(worker)->local_steps)
    fail_event("a round of " + std::to_string(local_steps) + " local steps ends");
  parts_.dispatcher->arrive(worker, completed, local_steps, compute_seconds, counts);
  starts_.erase(worker);
}

EventOutcome AsyncServer::apply_one(const Contribution& event) {
  require_open(event.worker, event.sequence);
  const Vector& vector = event.pseudo_gradient;
  if (!vector.defined() || vector.size() != parameters_.size() || vector.type() != parameters_.type())
    fail_event("a contribution is not as long as the parameters");
  const int64_t staleness = version_ - parts_.dispatcher->open_assignment(event.worker)->version;
  EventOutcome outcome{.verdict = Verdict::counted, .staleness = staleness};
  outcome.norm = norm_of(vector);
  if (options_.outliers != Outliers::accept && norms_.far_above(outcome.norm))
    outcome.median = norms_.median();
  norms_.add(outcome.norm);
  step(event, staleness);
  end_round(event.worker, event.completed, event.local_steps, event.compute_seconds, true);
  ++version_;
  counts_.tokens += event.tokens;
  ++counts_.contributions[static_cast<size_t>(Verdict::counted)];
  count_staleness(staleness);
  return outcome;
}

EventOutcome AsyncServer::apply_one(const ContributionDropped& event) {
  require_open(event.worker, event.sequence);
  const int64_t staleness = version_ - parts_.dispatcher->open_assignment(event.worker)->version;
  // Staleness is no fault of the worker's: its steps were made and count towards the run's length.
  end_round(event.worker, event.completed, event.local_steps, event.compute_seconds,
            event.why == Verdict::stale);
  ++counts_.contributions[static_cast<size_t>(event.why)];
  return {.verdict = event.why, .staleness = staleness};
}

EventOutcome AsyncServer::apply_one(const WorkersReleased&) {
  EventOutcome outcome;
  outcome.assignments = parts_.dispatcher->release(version_);
  ++counts_.releases;
  if (outcome.assignments.empty()) return outcome;
  if (last_start_version_ != version_) {
    last_start_ = starting_point();
    last_start_version_ = version_;
  }
  outcome.start = last_start_;
  if (parts_.correction && parts_.correction->wants_start())
    for (const Assignment& assignment : outcome.assignments) starts_[assignment.worker] = last_start_;
  return outcome;
}

void AsyncServer::step(const Contribution& contribution, int64_t staleness) {
  const double weight = parts_.weight->of(staleness);
  scratch_.copy_from(contribution.pseudo_gradient);
  if (parts_.correction) {
    const auto start = starts_.find(contribution.worker);
    parts_.correction->apply(scratch_, parameters_, start == starts_.end() ? Vector() : start->second);
  }
  if (weight != 1) multiply(scratch_, weight);
  parts_.outer->step(parameters_, scratch_, contribution.learning_rate);
}

void AsyncServer::count_staleness(int64_t staleness) {
  counts_.staleness_sum += staleness;
  counts_.staleness_max = std::max(counts_.staleness_max, staleness);
  const size_t place = std::min(static_cast<size_t>(staleness), longest_histogram - 1);
  if (counts_.staleness.size() <= place) counts_.staleness.resize(place + 1, 0);
  ++counts_.staleness[place];
}

Vector AsyncServer::starting_point() const {
  Vector start = copy_of(parameters_);
  if (options_.look_ahead) parts_.outer->look_ahead(start);
  return start;
}

}  // namespace muster
