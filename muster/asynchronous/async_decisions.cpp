#include "muster/asynchronous/async_decisions.h"

#include <cmath>
#include <string>
#include <utility>
#include <variant>

#include "muster/base/error.h"
#include "muster/base/format.h"

namespace muster::inline asynchronous {

namespace {

[[noreturn]] void fail_event(const std::string& what) {
  throw DataError("this event cannot follow on those before it: " + what);
}

}  // namespace

void AsyncServerOptions::validate() const {
  if (!(max_norm >= 0 && std::isfinite(max_norm)))
    throw OptionError("async.max_norm", format_number(max_norm), "must be 0 (no limit) or a number above it");
}

AsyncDecisions::AsyncDecisions(std::unique_ptr<Dispatcher> dispatcher,
                               std::unique_ptr<StalenessWeight> weight, const AsyncServerOptions& options)
    : dispatcher_(std::move(dispatcher)), weight_(std::move(weight)), options_(options) {
  options_.validate();
  invariant(dispatcher_ && weight_, "a server needs all its parts");
}

std::optional<Verdict> AsyncDecisions::judge_round(const Contribution& contribution) const {
  if (!dispatcher_->known(contribution.worker)) return Verdict::unknown_worker;
  const Assignment* const open = dispatcher_->open_assignment(contribution.worker);
  if (!open || open->sequence != contribution.sequence) {
    const bool given =
        contribution.sequence >= 0 && contribution.sequence < dispatcher_->rounds_given(contribution.worker);
    if (!given) return Verdict::unknown_assignment;
    return lost_rounds_.contains(contribution.worker, contribution.sequence) ? Verdict::too_late
                                                                             : Verdict::duplicate;
  }
  if (open->version != contribution.version || open->shard != contribution.shard ||
      contribution.local_steps < 1 || contribution.local_steps > open->local_steps)
    return Verdict::unknown_assignment;
  return std::nullopt;
}

Verdict AsyncDecisions::judge_vector(const Contribution& contribution, const VectorMeasure& measured) const {
  if (!measured.fits) return Verdict::wrong_shape;
  if (!measured.finite || !std::isfinite(contribution.loss)) return Verdict::not_finite;
  if (options_.max_norm > 0 && !(measured.norm <= options_.max_norm)) return Verdict::too_large;
  if (options_.outliers == Outliers::refuse && norms_.far_above(measured.norm)) return Verdict::outlier;
  return weight_->of(staleness_of(contribution.worker)) > 0 ? Verdict::counted : Verdict::stale;
}

std::string AsyncDecisions::reason(double norm, Verdict verdict) const {
  const std::string its_norm = "its norm is " + format_number(norm, 4);
  if (verdict == Verdict::too_large)
    return its_norm + ", above async.max_norm = " + format_number(options_.max_norm, 4);
  if (verdict == Verdict::outlier)
    return its_norm + ", more than " + format_number(NormWatch::far, 4) + " times the running median " +
           format_number(norms_.median().value_or(0), 4) + " (async.outlier = refuse)";
  if (verdict == Verdict::not_finite) return "its vector, norm or loss is not finite";
  return "";
}

void AsyncDecisions::turn_away(Verdict verdict) {
  invariant(!ends_round(verdict), "a contribution that ends its round is an event");
  counts_.add(verdict);
}

EventOutcome AsyncDecisions::apply(const ServerEvent& event, double norm) {
  EventOutcome outcome = std::visit([&](const auto& kind) { return apply_one(kind, norm); }, event);
  outcome.version = version_;
  return outcome;
}

EventOutcome AsyncDecisions::apply_one(const WorkerJoined& event, double) {
  if (event.worker < 0 || dispatcher_->present(event.worker))
    fail_event("worker " + std::to_string(event.worker) + " joins");
  dispatcher_->join(event.worker, event.time, event.seconds_per_step);
  ++counts_.joined;
  return {};
}

EventOutcome AsyncDecisions::apply_one(const WorkerLeft& event, double) {
  if (!dispatcher_->present(event.worker)) fail_event("worker " + std::to_string(event.worker) + " leaves");
  if (const Assignment* const open = dispatcher_->open_assignment(event.worker))
    lost_rounds_.add(open->worker, open->sequence);
  dispatcher_->leave(event.worker);
  ++counts_.left;
  return {};
}

void AsyncDecisions::require_open(int64_t worker, int64_t sequence, int64_t local_steps) const {
  const Assignment* const open = dispatcher_->open_assignment(worker);
  if (!open || open->sequence != sequence)
    fail_event("round " + std::to_string(sequence) + " of worker " + std::to_string(worker) + " ends");
  if (local_steps < 1 || local_steps > open->local_steps)
    fail_event("a round of " + std::to_string(local_steps) + " local steps ends");
}

int64_t AsyncDecisions::staleness_of(int64_t worker) const {
  return version_ - dispatcher_->open_assignment(worker)->version;
}

EventOutcome AsyncDecisions::apply_one(const Contribution& event, double norm) {
  require_open(event.worker, event.sequence, event.local_steps);
  EventOutcome outcome{.verdict = Verdict::counted, .staleness = staleness_of(event.worker), .norm = norm};
  outcome.weight = weight_->of(outcome.staleness);
  if (options_.outliers != Outliers::accept && norms_.far_above(norm)) outcome.median = norms_.median();
  norms_.add(norm);
  dispatcher_->arrive(event.worker, event.completed, event.local_steps, event.compute_seconds, true);
  ++version_;
  counts_.tokens += event.tokens;
  counts_.add(Verdict::counted);
  counts_.add_staleness(outcome.staleness);
  return outcome;
}

EventOutcome AsyncDecisions::apply_one(const ContributionDropped& event, double) {
  require_open(event.worker, event.sequence, event.local_steps);
  const int64_t staleness = staleness_of(event.worker);
  // Staleness is no fault of the worker's: its steps were made and count towards the run's length.
  dispatcher_->arrive(event.worker, event.completed, event.local_steps, event.compute_seconds,
                      event.why == Verdict::stale);
  counts_.add(event.why);
  return {.verdict = event.why, .staleness = staleness};
}

EventOutcome AsyncDecisions::apply_one(const WorkersReleased&, double) {
  EventOutcome outcome;
  outcome.assignments = dispatcher_->release(version_);
  ++counts_.releases;
  return outcome;
}

Numbers AsyncDecisions::state() const {
  Numbers numbers;
  numbers.set("version", version_);
  numbers.insert("counts", counts_.state());
  numbers.insert("dispatcher", dispatcher_->state());
  numbers.insert("lost", lost_rounds_.state());
  numbers.insert("norms", norms_.state());
  return numbers;
}

void AsyncDecisions::restore(const Numbers& numbers) {
  version_ = numbers.integer("version");
  counts_.restore(numbers.part_of("counts"));
  dispatcher_->restore(numbers.part_of("dispatcher"));
  lost_rounds_.restore(numbers.part_of("lost"));
  norms_.restore(numbers.part_of("norms"));
}

}  // namespace muster::inline asynchronous
