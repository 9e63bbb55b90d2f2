#include "muster/local_updates/local_updates.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <string>

#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/flat/arithmetic.h"
#include "muster/optim/average.h"

namespace muster::inline local_updates {

namespace {

constexpr std::array facts = {"element type",       "number of trained parameters",
                              "number of elements", "fingerprint of the parameters' shapes",
                              "total_steps",        "measured divergence (1: yes)",
                              "measured loss",      "plain mean as outer optimizer",
                              "steps done",         "first step of the round",
                              "steps of the round"};
using Facts = std::array<int64_t, facts.size()>;

int64_t checked_steps(int64_t total_steps) {
  if (total_steps >= 1) return total_steps;
  throw OptionError("total_steps", std::to_string(total_steps),
                    "give the steps of the whole run, at least 1");
}

}  // namespace

LocalUpdates::LocalUpdates(std::unique_ptr<ParameterSource> parameters, Communicator& group,
                           std::unique_ptr<SyncSchedule> schedule, int64_t total_steps,
                           LocalUpdatesOptions options)
    : clock_(std::move(schedule), checked_steps(total_steps)),
      options_(std::move(options)),
      source_(std::move(parameters)) {
  invariant(source_ != nullptr, "LocalUpdates needs parameters");
  if (options_.deadline.count() < 1)
    throw OptionError("deadline", std::to_string(options_.deadline.count()) + " ms", "give at least 1 ms");
  options_.measure_divergence |= clock_.rule().wants_divergence();
  options_.measure_loss |= clock_.rule().wants_loss();
  if (!source_->device().is_cpu())
    throw Error("the parameters lie on " + source_->device().name() + ": meetings compute on the CPU");
  outer_ =
      options_.outer ? options_.outer(source_->size(), source_->type()) : std::make_unique<PlainAverage>();
  invariant(outer_ != nullptr, "the factory of the outer optimizer returned nothing");
  agree(group);
  averager_.emplace(group, pool_);
  broadcast_parameters();
  if (!outer_->is_plain_mean()) anchor_ = vector_.copy();
  meetings_.emplace(
      MeetingParts{{}, anchor_, *averager_, *outer_, last_rate_},
      MeetingOptions{.measure_divergence = options_.measure_divergence, .deadline = options_.deadline});
}

// Finds the parameters as the user's steps left them, as one vector.
void LocalUpdates::gather() {
  source_->refresh();
  if (const Vector whole = source_->whole(); whole.defined()) {
    vector_ = whole;
    return;
  }
  if (!vector_.defined()) vector_ = flat_vector(source_->size(), source_->type());
  source_->pack(vector_);
}

void LocalUpdates::scatter() {
  if (!source_->whole().defined()) source_->unpack(vector_);
}

Vector LocalUpdates::parameters() {
  gather();
  return vector_;
}

// Gathered, not broadcast: every rank finds the difference, so none is left waiting for one that has thrown.
void LocalUpdates::agree(Communicator& group) const {
  const Facts mine = {static_cast<int64_t>(source_->type()),
                      source_->count(),
                      source_->size(),
                      source_->fingerprint(),
                      clock_.total_steps(),
                      int64_t{options_.measure_divergence},
                      int64_t{options_.measure_loss},
                      int64_t{outer_->is_plain_mean()},
                      clock_.step(),
                      clock_.span().first_step,
                      clock_.in_round() ? round().steps : 0};
  const Vector message = flat_vector(static_cast<int64_t>(mine.size()), ElementType::int64);
  std::copy(mine.begin(), mine.end(), message.data<int64_t>());
  std::vector<Vector> received;
  for (int rank = 0; rank < group.size(); ++rank) received.push_back(message.copy());
  group.start_gather(message, received)->wait(deadline_in(options_.deadline));
  for (size_t rank = 1; rank < received.size(); ++rank)
    for (size_t i = 0; i < facts.size(); ++i) {
      const int64_t here = received[rank].data<int64_t>()[i], first = received[0].data<int64_t>()[i];
      if (here != first)
        throw Error(fmt::format("the ranks do not agree: {} is {} on rank {}, and {} on rank 0", facts[i],
                                here, rank, first));
    }
}

void LocalUpdates::broadcast_parameters() {
  gather();
  group().broadcast(vector_, 0);
  scatter();
  if (source_->frozen_bytes() == 0) return;
  Vector frozen = flat_vector(source_->frozen_bytes(), ElementType::byte);
  source_->pack_frozen(frozen);
  group().broadcast(frozen, 0);
  source_->unpack_frozen(frozen);
}

void LocalUpdates::require_step(double learning_rate) const {
  if (clock_.step() >= clock_.total_steps())
    throw Error(
        fmt::format("the run of total_steps = {} steps is over: no step can follow", clock_.total_steps()));
  if (!(learning_rate >= 0 && std::isfinite(learning_rate)))
    throw OptionError("learning_rate", format_number(learning_rate),
                      "give the rate of this step, at least 0");
}

void LocalUpdates::begin_round(double learning_rate) {
  clock_.begin(learning_rate, last_rate_.rate);
  if (!clock_.averages_gradients()) meetings_->begin_round(clock_.span());
  loss_sum_ = 0;
}

bool LocalUpdates::average_gradients(double learning_rate) {
  require_step(learning_rate);
  if (announced_rate_)
    throw Error(
        fmt::format("average_gradients() was called twice in step {}: call it once, after the last "
                    "backward() of the step",
                    clock_.step()));
  if (!clock_.in_round()) begin_round(learning_rate);
  const bool averages = clock_.averages_gradients();
  if (averages && group().size() > 1) exchange_gradients();
  announced_rate_ = learning_rate;
  return averages;
}

// The scratch memory is given up when the wait throws, since the operation may live on.
void LocalUpdates::exchange_gradients() {
  Vector packed = std::exchange(packed_gradients_, Vector());
  source_->refresh();
  if (!packed.defined()) packed = flat_vector(source_->size() + source_->count(), source_->type());
  source_->pack_gradients(packed);
  group().start_mean(packed, packed)->wait(deadline_in(options_.deadline));
  source_->unpack_gradients(packed);
  packed_gradients_ = packed;
}

std::optional<MeetingReport> LocalUpdates::step(double learning_rate, std::optional<double> loss) {
  require_step(learning_rate);
  if (announced_rate_ && *announced_rate_ != learning_rate)
    throw Error(fmt::format("step({}) after average_gradients({}): give both the rate of step {}",
                            format_number(learning_rate), format_number(*announced_rate_), clock_.step()));
  if (options_.measure_loss && !loss)
    throw Error(
        fmt::format("step {} came without its loss, which the rule listens to: call "
                    "step(learning_rate, loss)",
                    clock_.step()));
  if (!clock_.in_round()) begin_round(learning_rate);
  if (clock_.averages_gradients() && !announced_rate_)
    throw Error(
        fmt::format("step {} averages gradients: call average_gradients(learning_rate) between "
                    "backward() and optimizer.step()",
                    clock_.step()));
  announced_rate_.reset();
  last_rate_.rate = learning_rate;
  loss_sum_ += loss.value_or(0);
  clock_.advance(1);
  return meet();
}

std::optional<MeetingReport> LocalUpdates::meet() {
  if (!clock_.due()) return std::nullopt;
  const Deadline deadline = deadline_in(options_.deadline);
  const int64_t first = clock_.span().first_step;
  MeetingReport report{.index = clock_.rounds(),
                       .first_step = first,
                       .steps = clock_.step() - first,
                       .what = round().what,
                       .learning_rate = last_rate_.rate};
  gather();
  // Numbers first: once the parameters have changed, nothing may fail any more.
  report.loss = mean_loss(report.steps, deadline);
  std::optional<double> seconds = clock_.measured().seconds;
  if (clock_.rule().wants_seconds())
    seconds = averager_->mean_of(seconds_before_ + watch_.seconds(), deadline);
  if (clock_.averages_gradients()) {
    report.bytes_per_worker = (source_->size() + source_->count()) * bytes_of(source_->type());
    if (anchor_.defined()) anchor_.copy_from(vector_);
  } else {
    meetings_->use_workers({{.parameters = vector_}});
    const Meeting meeting = meetings_->end_round({}, 0);
    scatter();
    if (options_.measure_divergence) report.divergence = meeting.divergence;
    report.bytes_per_worker = meeting.bytes_per_worker;
  }
  clock_.end({report.divergence, report.loss, seconds});
  return report;
}

std::optional<double> LocalUpdates::mean_loss(int64_t steps, Deadline deadline) {
  if (!options_.measure_loss) return std::nullopt;
  const double mean = averager_->mean_of(loss_sum_ / static_cast<double>(steps), deadline);
  if (!std::isfinite(mean))
    throw NonFiniteError(fmt::format("the mean loss of steps {} to {} over all ranks is {}",
                                     clock_.span().first_step, clock_.step() - 1, mean));
  return mean;
}

// Every rank takes the anchor of rank 0: anchors differ where the lost group let some ranks meet and others
// not.
void LocalUpdates::use_group(Communicator& group) {
  agree(group);
  averager_->use_group(group);
  if (anchor_.defined()) group.broadcast(anchor_, 0);
}

void LocalUpdates::average(ValueSource& values) {
  std::vector<Vector> means;
  for (const ElementType type : {ElementType::float32, ElementType::float64}) {
    Vector& mean = means.emplace_back();
    if (values.size(type) == 0) continue;
    mean = flat_vector(values.size(type), type);
    values.pack(type, mean);
    group().start_mean(mean, mean)->wait(deadline_in(options_.deadline));
  }
  for (const Vector& mean : means)
    if (mean.defined()) values.unpack(mean.type(), mean);
}

State LocalUpdates::state() {
  invariant(!announced_rate_, "state() between average_gradients() and step()");
  gather();
  State state;
  Numbers& numbers = state.numbers;
  clock_.save(numbers);
  numbers.set("total_steps", clock_.total_steps());
  numbers.set("fingerprint", source_->fingerprint());
  numbers.set("rank", int64_t{group().rank()});
  numbers.set("ranks", int64_t{group().size()});
  numbers.set("last_learning_rate", last_rate_.rate);
  numbers.set("loss_sum", loss_sum_);
  if (clock_.measured().loss) numbers.set("last_loss", *clock_.measured().loss);
  state.insert("outer", outer_->state());
  state.tensors["parameters"] = vector_;
  if (anchor_.defined()) state.tensors["anchor"] = anchor_;
  return state;
}

void LocalUpdates::check_state(const State& state) const {
  const Numbers& numbers = state.numbers;
  const auto same = [&](const char* name, int64_t here) {
    const int64_t stored = numbers.integer(name);
    if (stored != here)
      throw CheckpointError(
          fmt::format("the state is of a run with {} = {}, this one has {}", name, stored, here));
  };
  same("total_steps", clock_.total_steps());
  same("fingerprint", source_->fingerprint());
  if (numbers.integer("in_round") != 0) {
    same("rank", averager_->first_worker(1));
    same("ranks", averager_->workers(1));
  }
  for (const auto& [name, like] : {std::pair("parameters", vector_), {"anchor", anchor_}}) {
    const auto found = state.tensors.find(name);
    if (!like.defined()) continue;
    if (found == state.tensors.end()) throw CheckpointError(fmt::format("state lacks the tensor '{}'", name));
    if (found->second.shape.size() != 1 || !same_form(found->second.values, like))
      throw CheckpointError(fmt::format("state holds the tensor '{}' in another shape or type", name));
  }
}

// What may throw comes first; the clock is set back where it was when the outer optimizer refuses.
void LocalUpdates::restore(const State& state) {
  check_state(state);
  const Numbers& numbers = state.numbers;
  const double last_rate = numbers.real("last_learning_rate"), loss_sum = numbers.real("loss_sum");
  const auto loss =
      numbers.has("last_loss") ? std::optional<double>(numbers.real("last_loss")) : std::nullopt;
  gather();
  Numbers before;
  clock_.save(before);
  const std::optional<double> loss_before = clock_.measured().loss;
  clock_.restore(numbers, loss);
  try {
    outer_->restore(state.part_of("outer"));
  } catch (...) {
    clock_.restore(before, loss_before);
    throw;
  }
  if (clock_.in_round()) meetings_->restore({}, clock_.span());
  last_rate_.rate = last_rate;
  loss_sum_ = loss_sum;
  seconds_before_ = clock_.measured().seconds.value_or(0);
  watch_ = Stopwatch();
  announced_rate_.reset();
  state.copy_into("parameters", vector_);
  scatter();
  if (anchor_.defined()) state.copy_into("anchor", anchor_);
}

}  // namespace muster::inline local_updates
