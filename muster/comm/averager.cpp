#include "muster/comm/averager.h"

#include <numeric>
#include <utility>

#include "muster/base/error.h"
#include "muster/comm/make_codec.h"
#include "muster/comm/message_check.h"
#include "muster/flat/flat_buffer.h"

namespace muster {

namespace {

double sum(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

void check(const MeetingRequest& request) {
  invariant(!request.vectors.empty(), "a meeting needs a vector");
  for (const Averaged& kind : request.vectors) {
    invariant(!kind.replicas.empty(), "a meeting needs a replica");
    const at::Tensor& first = kind.replicas.front();
    if (kind.mean) require_flat(*kind.mean, first.numel(), first.scalar_type(), "the mean");
    invariant(request.values.empty() || request.values.size() == kind.replicas.size(),
              "a meeting takes a value of every replica");
  }
}

int64_t bytes_handed_in(const MeetingRequest& request, size_t from) {
  int64_t bytes = 0;
  for (size_t i = from; i < request.vectors.size(); ++i) {
    const at::Tensor& vector = request.vectors[i].replicas.front();
    bytes += vector.numel() * static_cast<int64_t>(vector.element_size());
  }
  return bytes;
}

/// The replicas become the mean; the mean may hold anything afterwards unless it is wanted.
void write_back(const Averaged& kind, at::Tensor& mean, ThreadPool& pool) {
  at::Tensor only = kind.replicas.front();
  if (kind.replicas.size() == 1 && !kind.mean && exchange_memory(only, mean)) return;
  copy_to_all(mean, kind.replicas, pool);
}

/// Lets several operations of a group go on at once.
class Together {
 public:
  void add(std::unique_ptr<Pending> pending) { pending_.push_back(std::move(pending)); }
  void wait(Deadline deadline) {
    for (auto& pending : pending_) pending->wait(deadline);
    pending_.clear();
  }

 private:
  std::vector<std::unique_ptr<Pending>> pending_;
};

}  // namespace

Averager::Averager(Communicator& group, ThreadPool& pool, std::optional<Compression> compression)
    : group_(&group), pool_(pool), compression_(compression) {
  if (!compression_) return;
  if (compression_->error_feedback)
    compression_->codec.validate_for_error_feedback();
  else
    compression_->codec.validate();
}

Averager::~Averager() = default;

void Averager::use_group(Communicator& group) {
  group_ = &group;
  scratch_.clear();
  compressed_.reset();
  waiting_state_ = {};
}

double Averager::mean_of(double value, Deadline deadline) {
  at::Tensor number = flat_vector(1, at::kDouble);
  *number.data_ptr<double>() = value;
  group_->start_mean(number, number)->wait(deadline);
  return *number.data_ptr<double>();
}

Meeting Averager::average(const std::vector<at::Tensor>& replicas, const at::Tensor& mean,
                          bool measure_divergence, bool write_back, Deadline deadline) {
  at::Tensor result = mean;
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
    std::vector<at::Tensor> scratch = std::exchange(scratch_, {});
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
        local_mean(kind.replicas, kind.mean ? *kind.mean : at::Tensor(), {measure, kind.write_back}, pool_);
    if (measure) meeting.divergence = divergence;
  }
  if (!request.values.empty())
    meeting.mean_value = sum(request.values) / static_cast<double>(request.values.size());
  return meeting;
}

CompressedMean& Averager::compressed_mean(const at::Tensor& vector, int64_t contributors) {
  if (compressed_) return *compressed_;
  CompressedMeanOptions options;
  options.error_feedback = compression_->error_feedback;
  options.seed = compression_->seed;
  options.first_worker = group_->rank() * contributors;
  options.hosted = contributors;
  options.part_multiple = compression_->codec.form().bucket;
  compressed_ =
      std::make_unique<CompressedMean>(make_codec(compression_->codec, vector.scalar_type()), options);
  compressed_->restore(waiting_state_);
  waiting_state_ = {};
  return *compressed_;
}

State Averager::state() const { return compressed_ ? compressed_->state() : waiting_state_; }

void Averager::restore(const State& state) {
  compressed_.reset();
  waiting_state_ = state;
}

// The workers of one process that has others share memory: they travel as one, their mean.
std::unique_ptr<CompressedMean::Meeting> Averager::start_compressed(const MeetingRequest& request,
                                                                    at::Tensor& mean) {
  const Averaged& kind = request.vectors.front();
  std::vector<at::Tensor> contributions;
  if (group_->size() > 1 && kind.replicas.size() > 1) {
    local_mean(kind.replicas, mean, {.divergence = false, .write_back = false}, pool_);
    contributions = {mean};
  } else {
    contributions = kind.replicas;
  }
  if (kind.anchor.defined())
    for (at::Tensor& contribution : contributions) contribution = kind.anchor.sub(contribution);
  const auto contributors = static_cast<int64_t>(contributions.size());
  return compressed_mean(mean, contributors).start(*group_, contributions, mean, request.number);
}

Meeting Averager::meet_others(const MeetingRequest& request, std::vector<at::Tensor>& scratch,
                              Deadline deadline) {
  Meeting meeting;
  const bool compressed = request.compress && compression_;
  Together under_way;
  for (size_t i = 0; i < request.vectors.size(); ++i) {
    const auto& replicas = request.vectors[i].replicas;
    const at::Tensor& first = replicas.front();
    if (!scratch[i].defined() || !same_form(scratch[i], first))
      scratch[i] = flat_vector(first.numel(), first.scalar_type());
    if (i == 0 && compressed) {
      auto pending = start_compressed(request, scratch[i]);
      // A process alone hands in the vectors of all its workers.
      meeting.bytes_per_worker =
          pending->message_bytes_sent() / (group_->size() == 1 ? static_cast<int64_t>(replicas.size()) : 1);
      under_way.add(std::move(pending));
      continue;
    }
    // One replica travels from where it is.
    if (replicas.size() > 1)
      local_mean(replicas, scratch[i], {.divergence = false, .write_back = false}, pool_);
    under_way.add(group_->start_mean(replicas.size() > 1 ? scratch[i] : first, scratch[i]));
  }
  at::Tensor numbers = flat_vector(3, at::kDouble);
  double* const number = numbers.data_ptr<double>();
  number[0] = sum(request.values);
  number[1] = 0;
  number[2] = flag_ ? 1 : 0;
  const Averaged& parameters = request.vectors.front();
  // A compressed mean sends in two halves, which other operations must not come between.
  if (request.measure_divergence || compressed) under_way.wait(deadline);
  if (compressed && parameters.anchor.defined()) scratch.front().neg_().add_(parameters.anchor);
  if (request.measure_divergence)
    number[1] = mean_squared_distance(parameters.replicas, scratch.front(), pool_);
  if (request.measure_divergence || !request.values.empty())
    under_way.add(group_->start_mean(numbers, numbers));
  under_way.wait(deadline);
  // Confirmed: only now does anything change.
  if (compressed) compressed_->commit();
  for (size_t i = 0; i < request.vectors.size(); ++i) {
    const Averaged& kind = request.vectors[i];
    if (kind.write_back) write_back(kind, scratch[i], pool_);
    if (kind.mean) std::swap(*kind.mean, scratch[i]);
  }
  flag_raised_ = number[2] > 0;
  if (request.measure_divergence) meeting.divergence = number[1];
  if (!request.values.empty()) meeting.mean_value = number[0] / static_cast<double>(request.values.size());
  return meeting;
}

/// A plain mean, or a compressed one (then `compressed` is the pending operation).
class Averager::UnderWay final : public MeanUnderWay {
 public:
  UnderWay(Averager& averager, const MeanRequest& request, std::unique_ptr<Pending> plain)
      : averager_(averager), request_(request), plain_(std::move(plain)) {
    const at::Tensor& vector = request_.vectors.front();
    bytes_ = vector.numel() * static_cast<int64_t>(vector.element_size());
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
    if (!compressed_) return;
    compressed_->wait(deadline);
    request_.mean.neg_().add_(request_.anchor);
    averager_.compressed_->commit();
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
  const at::Tensor& first = request.vectors.front();
  require_flat(request.mean, first.numel(), first.scalar_type(), "the mean");
  at::Tensor mean = request.mean;
  if (compression_ && workers(static_cast<int64_t>(request.vectors.size())) > 1) {
    const MeetingRequest meeting{.vectors = {{.replicas = request.vectors, .anchor = request.anchor}},
                                 .compress = true,
                                 .number = request.number};
    return std::make_unique<UnderWay>(*this, request, start_compressed(meeting, mean));
  }
  const bool apart = group_->size() > 1 && request.vectors.size() == 1;  // travels from where it is
  if (!apart) local_mean(request.vectors, mean, {.divergence = false, .write_back = false}, pool_);
  std::unique_ptr<Pending> plain;
  if (group_->size() > 1) plain = group_->start_mean(apart ? first : mean, mean);
  return std::make_unique<UnderWay>(*this, request, std::move(plain));
}

}  // namespace muster
