#pragma once

#include <limits>
#include <utility>
#include <vector>

#include "muster/rounds/meetings.h"

namespace muster::inline rounds {

/// One meeting at the end of every round, for which all wait:
///   mean = (x_1 + ... + x_K) / K;   anchor <- outer step with (anchor - mean);   x_k <- anchor
class WholeMeetings final : public Meetings {
 public:
  WholeMeetings(MeetingParts parts, MeetingOptions options) : parts_(std::move(parts)), options_(options) {}

  /// Other memory, from now on.
  void use_workers(std::vector<MeetingWorker> workers) { parts_.workers = std::move(workers); }

  bool allow_gradient_rounds() const override { return true; }
  void begin_round(const RoundSpan& round) override { end_ = round.end(); }
  int64_t steps_until_due(int64_t) const override { return std::numeric_limits<int64_t>::max(); }
  void proceed(int64_t) override {}
  Meeting end_round(const std::vector<double>& losses, double clock) override;
  bool replicas_agree() const override { return true; }
  void restore(const State&, const RoundSpan& round) override { end_ = round.end(); }
  State codec_state() const override { return parts_.averager.state(); }
  void restore_codec(const State& state) override { parts_.averager.restore(state); }

 private:
  MeetingRequest request(const std::vector<double>& losses, bool plain);

  MeetingParts parts_;
  MeetingOptions options_;
  int64_t end_ = 0;  // of the running round
  Vector scratch_;   // as long as the parameters; made when first wanted
};

}  // namespace muster::inline rounds
