#include "muster/asynchronous/async_vectors.h"

#include <string>
#include <utility>
#include <variant>

#include "muster/base/error.h"
#include "muster/flat/arithmetic.h"
#include "muster/flat/vector.h"

namespace muster::inline asynchronous {

namespace {

Vector copy_of(const Vector& vector) {
  Vector copy = flat_vector(vector.size(), vector.type());
  copy.copy_from(vector);
  return copy;
}

std::string start_name(int64_t worker) { return "start" + std::to_string(worker); }

}  // namespace

AsyncVectors::AsyncVectors(std::unique_ptr<Correction> correction, std::unique_ptr<OuterOptimizer> outer,
                           bool look_ahead, const Vector& parameters)
    : correction_(std::move(correction)), outer_(std::move(outer)), look_ahead_(look_ahead) {
  invariant(outer_ != nullptr, "a server needs all its parts");
  require_flat(parameters, parameters.size(), parameters.type(), "parameters of a server");
  parameters_ = copy_of(parameters);
  scratch_ = flat_vector(parameters.size(), parameters.type());
}

Vector AsyncVectors::apply(const ServerEvent& event, const EventOutcome& decided) {
  if (std::holds_alternative<WorkersReleased>(event)) return release(decided);
  if (const auto* counted = std::get_if<Contribution>(&event)) {
    step(*counted, decided.weight);
    starts_.erase(counted->worker);
  } else if (const auto* dropped = std::get_if<ContributionDropped>(&event)) {
    starts_.erase(dropped->worker);
  } else if (const auto* left = std::get_if<WorkerLeft>(&event)) {
    starts_.erase(left->worker);
  }
  return {};
}

Vector AsyncVectors::release(const EventOutcome& decided) {
  if (decided.assignments.empty()) return {};
  if (last_start_version_ != decided.version) {
    last_start_ = starting_point();
    last_start_version_ = decided.version;
  }
  if (correction_ && correction_->wants_start())
    for (const Assignment& assignment : decided.assignments) starts_[assignment.worker] = last_start_;
  return last_start_;
}

void AsyncVectors::step(const Contribution& contribution, double weight) {
  scratch_.copy_from(contribution.pseudo_gradient);
  if (correction_) {
    const auto start = starts_.find(contribution.worker);
    correction_->apply(scratch_, parameters_, start == starts_.end() ? Vector() : start->second);
  }
  if (weight != 1) multiply(scratch_, weight);
  outer_->step(parameters_, scratch_, contribution.learning_rate);
}

Vector AsyncVectors::starting_point() const {
  Vector start = copy_of(parameters_);
  if (look_ahead_) outer_->look_ahead(start);
  return start;
}

State AsyncVectors::state() const {
  State state;
  state.tensors["parameters"] = parameters_;
  state.insert("outer", outer_->state());
  for (const auto& [worker, start] : starts_) state.tensors[start_name(worker)] = start;
  return state;
}

void AsyncVectors::restore(const State& state, const std::vector<int64_t>& members) {
  state.copy_into("parameters", parameters_);
  outer_->restore(state.part_of("outer"));
  last_start_ = Vector();
  last_start_version_ = -1;
  starts_.clear();
  for (const int64_t worker : members) {
    if (state.tensors.count(start_name(worker)) == 0) continue;
    starts_[worker] = flat_vector(parameters_.size(), parameters_.type());
    state.copy_into(start_name(worker), starts_[worker]);
  }
}

}  // namespace muster::inline asynchronous
