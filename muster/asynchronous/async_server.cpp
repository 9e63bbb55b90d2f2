#include "muster/asynchronous/async_server.h"

#include <utility>
#include <variant>

#include "muster/base/error.h"

namespace muster::inline asynchronous {

AsyncServer::AsyncServer(AsyncServerParts parts, const AsyncServerOptions& options, const Vector& parameters)
    : decisions_(std::move(parts.dispatcher), std::move(parts.weight), options),
      vectors_(std::move(parts.correction), std::move(parts.outer), options.look_ahead, parameters) {}

VectorMeasure AsyncServer::measured(const Vector& vector) const {
  return measure(vector, parameters().size(), parameters().type());
}

Verdict AsyncServer::judge(const Contribution& contribution) const {
  if (const auto turned_away = decisions_.judge_round(contribution)) return *turned_away;
  return decisions_.judge_vector(contribution, measured(contribution.pseudo_gradient));
}

ServerEvent AsyncServer::event_of(const Contribution& contribution, Verdict verdict) {
  invariant(ends_round(verdict), "a contribution that was turned away is no event");
  if (verdict == Verdict::counted) return contribution;
  return ContributionDropped{contribution.worker,    contribution.sequence,        contribution.local_steps,
                             contribution.completed, contribution.compute_seconds, verdict};
}

EventOutcome AsyncServer::receive(const Contribution& contribution) {
  const Verdict verdict = judge(contribution);
  if (ends_round(verdict)) return apply(event_of(contribution, verdict));
  turn_away(verdict);
  return {.verdict = verdict, .version = version()};
}

EventOutcome AsyncServer::apply(const ServerEvent& event) {
  VectorMeasure found;
  if (const auto* contribution = std::get_if<Contribution>(&event)) {
    found = measured(contribution->pseudo_gradient);
    if (!found.fits)
      throw DataError(
          "this event cannot follow on those before it: a contribution is not as long as the parameters");
  }
  EventOutcome outcome = decisions_.apply(event, found.norm);
  outcome.start = vectors_.apply(event, outcome);
  return outcome;
}

State joined_state(const Numbers& decisions, const State& vectors) {
  State state = vectors;
  for (const auto& [name, value] : decisions.values())
    std::visit([&, &key = name](auto number) { state.numbers.set(key, number); }, value);
  return state;
}

State AsyncServer::state() const { return joined_state(decisions_.state(), vectors_.state()); }

void AsyncServer::restore(const State& state) {
  decisions_.restore(state.numbers);
  vectors_.restore(state, dispatcher().members());
}

}  // namespace muster::inline asynchronous
