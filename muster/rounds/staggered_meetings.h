#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "muster/flat/layout.h"
#include "muster/rounds/fragments.h"
#include "muster/rounds/meetings.h"
#include "muster/rounds/overlap_options.h"

namespace muster::inline rounds {

/// Meetings whose mean travels while the workers compute, and that may be of one piece of the vector each.
///
/// Fragment p of P begins its meeting in every round after ceil((p + 1) H / P) of its H steps: every worker
/// takes a snapshot s_k of the fragment, and the mean of these is on its way. It lands `delay` steps later,
/// but no later than the fragment's next meeting begins:
///   anchor <- outer step with (anchor - mean of s);   x_k <- merge of x_k, s_k and the anchor (see merge.h)
/// Streaming DiLoCo (Douillard, Donchev, Rush et al. 2025, arXiv 2501.18512) with merge = blend; with one
/// fragment, merge = corrected and plain averaging it is CoCoD-SGD (Shen et al., IJCAI 2019). In the run's
/// last round everything meets at its end, and all wait: x_k <- anchor, so that all workers end equal. Where
/// nothing is delayed the workers wait at every meeting, and x_k <- anchor.
///
/// When an outcome lands follows from the steps alone, so the bits do not depend on the network's speed.
class StaggeredMeetings final : public Meetings {
 public:
  /// Throws OptionError for what cannot go together.
  StaggeredMeetings(MeetingParts parts, const MeetingOptions& options, const OverlapOptions& overlap,
                    const Layout& layout);
  ~StaggeredMeetings() override;

  bool allow_gradient_rounds() const override { return false; }
  void begin_round(const RoundSpan& round) override;
  int64_t steps_until_due(int64_t step) const override;
  void proceed(int64_t step) override;
  /// Where meetings are delayed the losses are those of this process's workers: no rank waits for those of
  /// the others.
  Meeting end_round(const std::vector<double>& losses, double clock) override;
  bool replicas_agree() const override { return round_.last || round_.steps == 0; }
  int64_t outcomes() const override { return outcomes_; }
  void regrouped() override;

  State state() const override;
  void restore(const State& state, const RoundSpan& round) override;
  State worker_state(size_t hosted) const override;
  void restore_worker(size_t hosted, const State& state) override;
  State codec_state() const override;
  void restore_codec(const State& state) override;

 private:
  struct Lane;

  bool meets_at(size_t lane, int64_t step) const;
  bool lands_at(size_t lane, int64_t step) const;
  void begin(size_t lane, int64_t step);
  void send(Lane& lane);
  void land(Lane& lane, int64_t step);
  void merge(const Lane& lane, int64_t step);
  std::vector<Vector> parameters(const Fragment& fragment) const;
  std::vector<Vector> snapshots(const Fragment& fragment);
  bool anything_under_way() const;

  MeetingParts parts_;
  MeetingOptions options_;
  OverlapOptions overlap_;
  std::vector<Lane> lanes_;        // one for each fragment
  std::vector<Vector> snapshots_;  // of every hosted worker; made when first wanted
  RoundSpan round_;
  size_t begun_ = 0;  // fragments that have begun their meeting in this round
  int64_t outcomes_ = 0;
  int64_t bytes_per_worker_ = 0;  // handed in during this round
};

}  // namespace muster::inline rounds
