#include "muster/comm/averager.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "muster/base/error.h"
#include "muster/comm/codec/make_codec.h"
#include "muster/comm/codec/message_check.h"
#include "muster/comm/distance_sketch.h"
#include "muster/comm/meeting_numbers.h"
#include "muster/flat/arithmetic.h"
#include "muster/flat/vector.h"

namespace muster::inline comm {

namespace {

double sum(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

void check(const MeetingRequest& request) {
  invariant(!request.vectors.empty(), "a meeting needs a vector");
  for (const Averaged& kind : request.vectors) {
    invariant(!kind.replicas.empty(), "a meeting needs a replica");
    const Vector& first = kind.replicas.front();
    if (kind.mean) require_flat(*kind.mean, first.size(), first.type(), "the mean");
    invariant(!kind.outer_gradient || (kind.anchor.defined() && kind.mean && !kind.write_back),
              "an outer gradient needs an anchor and a place, and no replica becomes one");
    invariant(request.values.empty() || request.values.size() == kind.replicas.size(),
              "a meeting takes a value of every replica");
  }
}

int64_t bytes_handed_in(const MeetingRequest& request, size_t from) {
  int64_t bytes = 0;
  for (size_t i = from; i < request.vectors.size(); ++i) {
    const Vector& vector = request.vectors[i].replicas.front();
    bytes += vector.size() * bytes_of(vector.type());
  }
  return bytes;
}

/// The replicas become the mean; the mean may hold anything afterwards unless it is wanted.
void write_back(const Averaged& kind, Vector& mean, ThreadPool& pool) {
  Vector only = kind.replicas.front();
  if (kind.replicas.size() == 1 && !kind.mean && exchange_memory(only, mean)) return;
  copy_to_all(mean, kind.replicas, pool);
}

/// The residual of what rank `from` sent, under the name that it has on rank `to`.
State moved_residual(const State& state, int from, int to) {
  State moved;
  const auto found = state.tensors.find("worker." + std::to_string(from) + ".residual");
  if (found != state.tensors.end())
    moved.tensors["worker." + std::to_string(to) + ".residual"] = found->second;
  if (!moved.tensors.empty()) moved.numbers = state.numbers;
  return moved;
}

}  // namespace

/// Operations of a group that run at the same time and are waited for together.
class Averager::Together {
 public:
  void add(std::unique_ptr<Pending> pending) { pending_.push_back(std::move(pending)); }
  void wait(Deadline deadline) {
    for (auto& pending : pending_) pending->wait(deadline);
    pending_.clear();
  }

 private:
  std::vector<std::unique_ptr<Pending>> pending_;
};

Averager::Averager(Communicator& group, ThreadPool& pool, std::optional<Compression> compression)
    : group_(&group), place_{group.rank(), group.size()}, pool_(pool), compression_(compression) {
  if (!compression_) return;
  if (compression_->error_feedback)
    compression_->codec.validate_for_error_feedback();
  else
    compression_->codec.validate();
}

Averager::~Averager() = default;

void Averager::use_group(Communicator& group) {
  const Place before = std::exchange(place_, {group.rank(), group.size()});  // the old group may be gone
  group_ = &group;
  scratch_.clear();
  if (before == place_) return;
  if (compressed_)
    compressed_->move_to(first_contributor(contributors(hosted_)), contributors(hosted_));
  else
    waiting_state_ = before.size > 1 && place_.size > 1
                         ? moved_residual(waiting_state_, before.rank, place_.rank)
                         : State{};
}

double Averager::mean_of(double value, Deadline deadline) {
  Vector number = flat_vector(1, ElementType::float64);
  *number.data<double>() = value;
  group_->start_mean(number, number)->wait(deadline);
  return *number.data<double>();
}

Meeting Averager::average(const std::vector<Vector>& replicas, const Vector& mean, bool measure_divergence,
                          bool write_back, Deadline deadline) {
  Vector result = mean;
  const Meeting meeting =
      meet({.vectors = {{.replicas = replicas, .mean = &result, .write_back = write_back}},
            .measure_divergence = measure_divergence},
           deadline);
  if (!result.is_same(mean)) copy_to_all(result, {mean}, pool_);
  return meeting;
}

Meeting Averager::meet(const MeetingRequest& request, Deadline deadline) {
  check(request);
  Meeting meeting;
  const auto hosted = static_cast<int64_t>(request.vectors.front().replicas.size());
  const bool compressed = request.compress && compression_ && workers(hosted) > 1;
  if (group_->size() == 1 && !compressed) {
    meeting = meet_alone(request);
  } else {
    std::vector<Vector> scratch = std::exchange(scratch_, {});
    scratch.resize(request.vectors.size());
    meeting = meet_others(request, scratch, deadline);
    scratch_ = std::move(scratch);
  }
  meeting.bytes_per_worker += bytes_handed_in(request, compressed ? 1 : 0);
  return meeting;
}

Meeting Averager::meet_alone(const MeetingRequest& request) {
  Meeting meeting;
  for (size_t i = 0; i < request.vectors.size(); ++i) {
    const Averaged& kind = request.vectors[i];
    const bool measure = request.measure_divergence && i == 0;
    const auto divergence =
        local_mean(kind.replicas, kind.mean ? *kind.mean : Vector(), {measure, kind.write_back}, pool_);
    if (measure) meeting.divergence = divergence;
    if (kind.outer_gradient) subtract(kind.anchor, *kind.mean, *kind.mean);
  }
  if (!request.values.empty())
    meeting.mean_value = sum(request.values) / static_cast<double>(request.values.size());
  meeting.clock = request.clock;
  return meeting;
}

CompressedMean& Averager::compressed_mean(const Vector& vector, int64_t hosted) {
  if (compressed_) return *compressed_;
  hosted_ = hosted;
  CompressedMeanOptions options;
  options.error_feedback = compression_->error_feedback;
  options.seed = compression_->seed;
  options.hosted = contributors(hosted);
  options.first_worker = first_contributor(options.hosted);
  options.part_multiple = compression_->codec.form().bucket;
  compressed_ = std::make_unique<CompressedMean>(make_codec(compression_->codec, vector.type()), options);
  compressed_->restore(waiting_state_);
  waiting_state_ = {};
  return *compressed_;
}

State Averager::state() const { return compressed_ ? compressed_->state() : waiting_state_; }

void Averager::restore(const State& state) {
  compressed_.reset();
  waiting_state_ = state;
}

// Workers of one process share memory: where there are several processes, each sends the mean of its workers.
// Their squared distance to it goes into `within`, where that is wanted.
std::unique_ptr<CompressedMean::Meeting> Averager::start_compressed(const MeetingRequest& request,
                                                                    Vector& mean, double* within) {
  const Averaged& kind = request.vectors.front();
  const auto hosted = static_cast<int64_t>(kind.replicas.size());
  CompressedMean& compressed = compressed_mean(mean, hosted);
  if (group_->size() == 1 || hosted == 1)
    return compressed.start(*group_, kind.replicas, mean, request.number, kind.anchor);
  const auto spread =
      local_mean(kind.replicas, mean, {.divergence = within != nullptr, .write_back = false}, pool_);
  if (within) *within = *spread;
  return compressed.start(*group_, {mean}, mean, request.number, kind.anchor);
}

int64_t Averager::start_means(const MeetingRequest& request, std::vector<Vector>& scratch,
                              MeetingNumbers& numbers, Together& under_way) {
  int64_t message_bytes = 0;
  for (size_t i = 0; i < request.vectors.size(); ++i) {
    const auto& replicas = request.vectors[i].replicas;
    const Vector& first = replicas.front();
    if (!scratch[i].defined() || !same_form(scratch[i], first))
      scratch[i] = flat_vector(first.size(), first.type());
    if (i == 0 && request.compress && compression_) {
      auto pending = start_compressed(request, scratch[i], numbers.sketched() ? &numbers.within : nullptr);
      // A process alone hands in the vectors of all its workers.
      message_bytes =
          pending->message_bytes_sent() / (group_->size() == 1 ? static_cast<int64_t>(replicas.size()) : 1);
      if (numbers.sketched())
        sketch_distance(replicas.size() > 1 ? scratch[i] : first, request.vectors[i].anchor,
                        compression_->seed, request.number, numbers.sketch(), pool_);
      under_way.add(std::move(pending));
      continue;
    }
    // A single replica is sent from its own memory.
    if (replicas.size() > 1)
      local_mean(replicas, scratch[i], {.divergence = false, .write_back = false}, pool_);
    under_way.add(group_->start_mean(replicas.size() > 1 ? scratch[i] : first, scratch[i]));
  }
  return message_bytes;
}

// Measures distances to the true mean, not to the compressed one. A process alone has all replicas; several
// processes know the mean only as it was decoded, and find the distances from a sketch of each.
void Averager::measure_spread(const MeetingRequest& request, const Vector& mean, bool compressed,
                              MeetingNumbers& numbers) {
  const Averaged& parameters = request.vectors.front();
  if (numbers.sketched())
    numbers.at(MeetingNumbers::distance) = numbers.within + numbers.squares();
  else if (compressed)
    numbers.at(MeetingNumbers::distance) =
        *local_mean(parameters.replicas, {}, {.divergence = true, .write_back = false}, pool_);
  else
    numbers.at(MeetingNumbers::distance) = mean_squared_distance(parameters.replicas, mean, pool_);
}

Meeting Averager::meet_others(const MeetingRequest& request, std::vector<Vector>& scratch,
                              Deadline deadline) {
  Meeting meeting;
  const bool compressed = request.compress && compression_;
  Together under_way;
  MeetingNumbers numbers(request.measure_divergence && compressed && group_->size() > 1);
  meeting.bytes_per_worker = start_means(request, scratch, numbers, under_way) + numbers.extra_bytes();
  numbers.at(MeetingNumbers::value) = sum(request.values);
  numbers.at(MeetingNumbers::flag) = flag_ ? 1 : 0;
  numbers.at(MeetingNumbers::clock) = request.clock;
  // A compressed mean sends in two halves, which other operations must not come between.
  if (request.measure_divergence || compressed) under_way.wait(deadline);
  if (request.measure_divergence) measure_spread(request, scratch.front(), compressed, numbers);
  if (request.measure_divergence || !request.values.empty())
    under_way.add(group_->start_mean(numbers.vector(), numbers.vector()));
  under_way.wait(deadline);
  // The meeting has succeeded: only now does anything change.
  if (compressed) compressed_->commit();
  for (size_t i = 0; i < request.vectors.size(); ++i) {
    const Averaged& kind = request.vectors[i];
    const bool is_difference = i == 0 && compressed && kind.anchor.defined();
    if (is_difference != kind.outer_gradient) subtract(kind.anchor, scratch[i], scratch[i]);
    if (kind.write_back) write_back(kind, scratch[i], pool_);
    if (kind.mean) std::swap(*kind.mean, scratch[i]);
  }
  flag_raised_ = numbers.at(MeetingNumbers::flag) > 0;
  meeting.clock = numbers.at(MeetingNumbers::clock);
  if (request.measure_divergence) meeting.divergence = numbers.divergence();
  if (!request.values.empty())
    meeting.mean_value = numbers.at(MeetingNumbers::value) / static_cast<double>(request.values.size());
  return meeting;
}

/// A plain mean, or a compressed one (then `compressed` is the pending operation).
class Averager::UnderWay final : public MeanUnderWay {
 public:
  UnderWay(Averager& averager, const MeanRequest& request, std::unique_ptr<Pending> plain)
      : averager_(averager), request_(request), plain_(std::move(plain)) {
    const Vector& vector = request_.vectors.front();
    bytes_ = vector.size() * bytes_of(vector.type());
  }
  UnderWay(Averager& averager, const MeanRequest& request,
           std::unique_ptr<CompressedMean::Meeting> compressed)
      : averager_(averager), request_(request), compressed_(std::move(compressed)) {
    // A process alone hands in the vectors of all its workers.
    bytes_ = compressed_->message_bytes_sent() /
             (averager_.group().size() == 1 ? static_cast<int64_t>(request_.vectors.size()) : 1);
  }

  bool has_halves() const override { return compressed_ != nullptr; }
  void turn(Deadline deadline) override {
    if (compressed_) compressed_->turn(deadline);
  }
  void finish(Deadline deadline) override {
    if (plain_) plain_->wait(deadline);
    if (!compressed_) {
      if (request_.outer_gradient) subtract(request_.anchor, request_.mean, request_.mean);
      return;
    }
    compressed_->wait(deadline);
    averager_.compressed_->commit();
    if (!request_.outer_gradient) subtract(request_.anchor, request_.mean, request_.mean);
  }
  int64_t bytes_per_worker() const override { return bytes_; }

 private:
  Averager& averager_;
  MeanRequest request_;
  int64_t bytes_ = 0;
  std::unique_ptr<Pending> plain_;
  std::unique_ptr<CompressedMean::Meeting> compressed_;
};

std::unique_ptr<MeanUnderWay> Averager::start(const MeanRequest& request) {
  invariant(!request.vectors.empty() && request.anchor.defined(), "a mean needs vectors and an anchor");
  const Vector& first = request.vectors.front();
  require_flat(request.mean, first.size(), first.type(), "the mean");
  Vector mean = request.mean;
  if (compression_ && workers(static_cast<int64_t>(request.vectors.size())) > 1) {
    const MeetingRequest meeting{.vectors = {{.replicas = request.vectors, .anchor = request.anchor}},
                                 .compress = true,
                                 .number = request.number};
    return std::make_unique<UnderWay>(*this, request, start_compressed(meeting, mean, nullptr));
  }
  const bool apart = group_->size() > 1 && request.vectors.size() == 1;  // travels from where it is
  if (!apart) local_mean(request.vectors, mean, {.divergence = false, .write_back = false}, pool_);
  std::unique_ptr<Pending> plain;
  if (group_->size() > 1) plain = group_->start_mean(apart ? first : mean, mean);
  return std::make_unique<UnderWay>(*this, request, std::move(plain));
}

}  // namespace muster::inline comm
