#include "muster/comm/compressed_mean.h"

#include <optional>
#include <string>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/message_size.h"
#include "muster/comm/codec/codec_check.h"
#include "muster/comm/codec/message_check.h"
#include "muster/flat/arithmetic.h"
#include "muster/flat/vector.h"

namespace muster::inline comm {

namespace {

// First encodings and those of means draw from different streams: bit 32 of the contributor's number.
constexpr uint64_t of_mean = uint64_t{1} << 32;

RandomKey key_of(uint64_t seed, uint64_t contributor, int64_t part, uint64_t meeting) {
  return {.seed = seed,
          .purpose = Purpose::quantisation,
          .a = contributor + (static_cast<uint64_t>(part) << 33),
          .b = meeting};
}

// Adding it leaves every number as it is, -0 included.
constexpr double nothing = -0.0;

/// vector <- vector - what the message stands for; in place, since a large vector of its own would cost as
/// much as the encoding.
void subtract_decoded(const Codec& codec, const Vector& message, Vector& vector) {
  negate(vector);
  codec.decode_add(message, vector);
  negate(vector);
}

void require_fitting(const Vector& residual, const Vector& vector, uint64_t worker) {
  if (!same_form(residual, vector))
    throw Error("the residual of worker " + std::to_string(worker) + " has " + describe(residual) +
                ", now needed: " + describe(vector));
}

std::string name_of(int64_t worker, const char* what) {
  return "worker." + std::to_string(worker) + "." + what;
}

}  // namespace

/// What the encodings have lost so far: of each contributor's vectors, and of the mean of each part owned
/// here. Empty: nothing.
struct CompressedMean::Residuals {
  std::vector<Vector> sent{}, owned{};
  /// Of differences to an anchor or of vectors themselves, which have other units; nothing: not known.
  std::optional<bool> of_differences{};

  /// The residuals that apply to a meeting of differences, or of vectors themselves.
  Residuals for_kind(bool differences) const {
    return of_differences.value_or(differences) == differences ? *this : Residuals{};
  }
};

/// The residuals as they are once the meeting is confirmed. Works in the memory of those before the present
/// ones.
struct CompressedMean::Attempt {
  Residuals residuals{}, memory{};
  bool complete = false;
};

class CompressedMean::UnderWay final : public Meeting {
 public:
  UnderWay(const CompressedMean& from, Communicator& group, const Vector& mean, uint64_t meeting,
           bool differences)
      : codec_(from.codec_),
        options_(from.options_),
        before_(from.residuals_->for_kind(differences)),
        attempt_(from.attempt_),
        group_(group),
        mean_(mean),
        meeting_(meeting),
        parts_(std::max<int64_t>(options_.hosted, group.size())),
        first_owned_(group.rank()) {}

  /// `difference`: memory that is kept from meeting to meeting.
  void send(const std::vector<Vector>& contributions, const Vector& anchor, Vector& difference) {
    require_fitting_residuals();
    for (size_t k = 0; k < contributions.size(); ++k)
      encode_contribution(vector_to_send(contributions[k], anchor, k, difference), k);
    for (int64_t owned = 0; owned < options_.hosted; ++owned)
      sent_bytes_ += codec_->message_bytes(part_of(mean_, first_owned_ + owned).size());
    if (group_.size() == 1) return;
    const int64_t expected = codec_->message_bytes(part_of(mean_, first_owned_).size());
    for (int64_t rank = 0; rank < parts_; ++rank)
      received_.push_back(uninitialised_vector(expected, ElementType::byte));
    first_half_ = group_.start_exchange(messages_[0], received_);
  }

  void turn(Deadline deadline) override {
    if (turned_) return;
    if (first_half_) first_half_->wait(deadline);
    std::vector<Vector> encoded;
    for (int64_t owned = 0; owned < options_.hosted; ++owned) encoded.push_back(encode_mean(owned));
    messages_.clear();
    received_.clear();
    if (group_.size() == 1) {
      gathered_ = std::move(encoded);
    } else {
      for (int64_t part = 0; part < parts_; ++part)
        gathered_.push_back(
            uninitialised_vector(codec_->message_bytes(part_of(mean_, part).size()), ElementType::byte));
      own_mean_ = encoded[0];
      second_half_ = group_.start_gather(own_mean_, gathered_);
    }
    turned_ = true;
  }

  void wait(Deadline deadline) override {
    if (attempt_->complete) return;
    turn(deadline);
    if (second_half_) second_half_->wait(deadline);
    for (int64_t part = 0; part < parts_; ++part) {
      Vector here = part_of(mean_, part);
      fill(here, nothing);
      codec_->decode_add(gathered_[static_cast<size_t>(part)], here);
    }
    attempt_->complete = true;
  }

  int64_t message_bytes_sent() const override { return sent_bytes_; }

 private:
  void require_fitting_residuals() const {
    for (size_t k = 0; k < before_.sent.size(); ++k) require_fitting(before_.sent[k], mean_, worker(k));
    for (size_t k = 0; k < before_.owned.size(); ++k)
      require_fitting(before_.owned[k], part_of(mean_, first_owned_ + static_cast<int64_t>(k)), worker(k));
  }

  Vector part_of(const Vector& vector, int64_t part) const {
    const int64_t begin = part_begin(vector.size(), parts_, options_.part_multiple, part);
    return vector.part(begin, part_begin(vector.size(), parts_, options_.part_multiple, part + 1) - begin);
  }

  uint64_t worker(size_t contributor) const {
    return static_cast<uint64_t>(options_.first_worker) + contributor;
  }

  /// memory[at] where it has the form of `like`, else a new vector.
  static Vector memory_like(const Vector& like, const std::vector<Vector>& memory, size_t at) {
    if (at < memory.size() && same_form(memory[at], like)) return memory[at];
    return flat_vector(like.size(), like.type());
  }

  /// What contributor k encodes, in memory that may be written where there is error feedback.
  Vector vector_to_send(const Vector& contribution, const Vector& anchor, size_t k, Vector& difference) {
    if (!options_.error_feedback && !anchor.defined()) return contribution;
    if (!options_.error_feedback) {
      if (!difference.defined() || !same_form(difference, contribution))
        difference = flat_vector(contribution.size(), contribution.type());
      subtract(anchor, contribution, difference);
      return difference;
    }
    Vector vector = memory_like(contribution, attempt_->memory.sent, k);
    if (anchor.defined())
      subtract(anchor, contribution, vector);
    else
      vector.copy_from(contribution);
    if (!before_.sent.empty()) add(vector, before_.sent[k]);
    attempt_->residuals.sent.push_back(vector);
    return vector;
  }

  /// Encodes all parts of contributor k's vector.
  void encode_contribution(const Vector& vector, size_t k) {
    std::vector<Vector> messages;
    for (int64_t part = 0; part < parts_; ++part) {
      Vector here = part_of(vector, part);
      messages.push_back(codec_->encode(here, key_of(options_.seed, worker(k), part, meeting_)));
      if (options_.error_feedback) subtract_decoded(*codec_, messages.back(), here);
      sent_bytes_ += messages.back().size();
    }
    messages_.push_back(std::move(messages));
  }

  /// The message of contributor k about the part owned here.
  const Vector& message_about(int64_t owned, size_t k) const {
    return group_.size() > 1 ? received_[k] : messages_[k][static_cast<size_t>(owned)];
  }

  Vector encode_mean(int64_t owned) {
    const int64_t part = first_owned_ + owned;
    const auto at = static_cast<size_t>(owned);
    Vector sum = memory_like(part_of(mean_, part), attempt_->memory.owned, at);
    fill(sum, nothing);
    for (size_t k = 0; k < static_cast<size_t>(parts_); ++k) codec_->decode_add(message_about(owned, k), sum);
    divide(sum, static_cast<double>(parts_));
    if (options_.error_feedback && !before_.owned.empty()) add(sum, before_.owned[at]);
    Vector message = codec_->encode(sum, key_of(options_.seed, of_mean + worker(at), part, meeting_));
    if (options_.error_feedback) subtract_decoded(*codec_, message, sum);
    attempt_->residuals.owned.push_back(sum);
    return message;
  }

  const std::shared_ptr<const Codec> codec_;
  const CompressedMeanOptions options_;
  const Residuals before_;
  const std::shared_ptr<Attempt> attempt_;
  Communicator& group_;
  Vector mean_;
  const uint64_t meeting_;
  const int64_t parts_, first_owned_;
  int64_t sent_bytes_ = 0;
  bool turned_ = false;
  std::vector<std::vector<Vector>> messages_;  // by contributor and part
  std::vector<Vector> received_, gathered_;    // by rank; by part
  Vector own_mean_;
  std::unique_ptr<Pending> first_half_, second_half_;
};

CompressedMean::CompressedMean(std::unique_ptr<Codec> codec, const CompressedMeanOptions& options)
    : codec_(std::move(codec)),
      options_(options),
      residuals_(std::make_unique<Residuals>()),
      memory_(std::make_unique<Residuals>()) {
  invariant(
      codec_ != nullptr && options.hosted >= 1 && options.part_multiple >= 1 && options.first_worker >= 0,
      "a compressed mean needs a codec, a contributor and parts");
}

CompressedMean::~CompressedMean() = default;
CompressedMean::CompressedMean(CompressedMean&&) noexcept = default;

std::unique_ptr<CompressedMean::Meeting> CompressedMean::start(Communicator& group,
                                                               const std::vector<Vector>& contributions,
                                                               const Vector& mean, uint64_t meeting,
                                                               const Vector& anchor) {
  invariant(contributions.size() == static_cast<size_t>(options_.hosted),
            "a compressed mean needs the vectors of all contributors hosted here");
  invariant(options_.hosted == 1 || group.size() == 1,
            "in a group of several ranks each brings one vector to a compressed mean");
  require_codable(mean);
  for (const Vector& contribution : contributions) {
    require_codable(contribution);
    if (!same_form(contribution, mean))
      throw Error("a vector of " + describe(contribution) + " for a mean of " + describe(mean));
  }
  if (anchor.defined() && !same_form(anchor, mean))
    throw Error("an anchor of " + describe(anchor) + " for a mean of " + describe(mean));
  attempt_ = std::make_shared<Attempt>();
  std::swap(attempt_->memory, *memory_);
  auto under_way = std::make_unique<UnderWay>(*this, group, mean, meeting, anchor.defined());
  attempt_->residuals.of_differences = anchor.defined();
  under_way->send(contributions, anchor, difference_);
  return under_way;
}

void CompressedMean::commit() {
  invariant(attempt_ != nullptr && attempt_->complete, "there is no compressed mean to commit");
  if (options_.error_feedback) std::swap(*residuals_, attempt_->residuals);
  *memory_ = std::move(attempt_->residuals);
  attempt_.reset();
}

void CompressedMean::move_to(int64_t first_worker, int64_t hosted) {
  invariant(first_worker >= 0 && hosted >= 1, "contributors need numbers");
  std::vector<Vector>& sent = residuals_->sent;
  if (!sent.empty() && hosted != options_.hosted) {
    Vector mean = sent.front().copy();
    for (size_t k = 1; k < sent.size(); ++k) add(mean, sent[k]);
    divide(mean, static_cast<double>(sent.size()));
    sent.assign(1, mean);
    while (static_cast<int64_t>(sent.size()) < hosted) sent.push_back(mean.copy());
  }
  residuals_->owned.clear();
  *memory_ = {};
  attempt_.reset();
  options_.first_worker = first_worker;
  options_.hosted = hosted;
}

State CompressedMean::state() const {
  State state;
  if (!residuals_->sent.empty() && residuals_->of_differences)
    state.numbers.set("of_differences", int64_t{*residuals_->of_differences});
  for (size_t k = 0; k < residuals_->sent.size(); ++k) {
    const int64_t worker = options_.first_worker + static_cast<int64_t>(k);
    state.tensors[name_of(worker, "residual")] = residuals_->sent[k];
    if (k < residuals_->owned.size()) state.tensors[name_of(worker, "mean_residual")] = residuals_->owned[k];
  }
  return state;
}

void CompressedMean::restore(const State& state) {
  Residuals restored;
  const auto take = [&](const std::string& name, std::vector<Vector>& into) {
    const auto found = state.tensors.find(name);
    if (found != state.tensors.end()) into.push_back(found->second.values.copy());
    return found != state.tensors.end();
  };
  for (int64_t k = 0; k < options_.hosted && options_.error_feedback && !state.tensors.empty(); ++k) {
    const std::string name = name_of(options_.first_worker + k, "residual");
    if (!take(name, restored.sent)) throw CheckpointError("state lacks the tensor '" + name + "'");
    take(name_of(options_.first_worker + k, "mean_residual"), restored.owned);
  }
  if (state.numbers.has("of_differences"))
    restored.of_differences = state.numbers.integer("of_differences") != 0;
  // The state has residuals of some parts only: they come from a group of another size.
  if (restored.owned.size() < restored.sent.size()) restored.owned.clear();
  *residuals_ = std::move(restored);
  attempt_.reset();
}

}  // namespace muster::inline comm
