#include "muster/rounds/staggered_meetings.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>
#include <utility>

#include "muster/base/error.h"
#include "muster/flat/arithmetic.h"
#include "muster/flat/vector.h"
#include "muster/rounds/merge.h"

namespace muster::inline rounds {

namespace {

constexpr int64_t never = std::numeric_limits<int64_t>::max();

/// A meeting that has begun and not landed. `mean` is missing after a resume, or when the group was lost:
/// then it is sent again, from the snapshots.
struct UnderWay {
  int64_t begun = 0;     // the step after which the snapshots were taken
  int64_t due = 0;       // the step after which it lands; never: when the fragment meets again
  int64_t turn = never;  // the step after which its second half begins to travel
  std::unique_ptr<MeanUnderWay> mean{};
};

}  // namespace

/// A fragment, and what serves its meetings.
struct StaggeredMeetings::Lane {
  int64_t number = 0;
  Fragment fragment;
  std::unique_ptr<Averager> averager;
  Vector mean{};  // memory
  std::optional<UnderWay> under_way{};

  Vector part_of(const Vector& vector) const { return vector.part(fragment.begin, fragment.size); }
};

StaggeredMeetings::StaggeredMeetings(MeetingParts parts, const MeetingOptions& options,
                                     const OverlapOptions& overlap, const Layout& layout)
    : parts_(parts), options_(options), overlap_(overlap) {
  overlap_.validate();
  const auto refuse = [&](const char* why) {
    if (overlap_.delayed) throw OptionError("comm.overlap", "delayed", why);
    throw OptionError("comm.fragments", std::to_string(overlap_.fragments), why);
  };
  if (options_.at_meeting != MomentsAtMeeting::keep)
    refuse(
        "needs inner.at_meeting = keep: moments that are averaged or reset belong to a meeting that all wait "
        "for");
  if (options_.measure_divergence)
    refuse(
        "does not go with a rule that measures the workers' divergence at every meeting; use another rule");
  for (const Fragment& fragment : cut_into_fragments(layout, overlap_.fragments))
    lanes_.push_back({static_cast<int64_t>(lanes_.size()), fragment,
                      std::make_unique<Averager>(parts_.averager.group(), parts_.averager.pool(),
                                                 parts_.averager.compression())});
}

StaggeredMeetings::~StaggeredMeetings() = default;

void StaggeredMeetings::begin_round(const RoundSpan& round) {
  round_ = round;
  begun_ = 0;
  bytes_per_worker_ = 0;
}

/// Whether this fragment's meeting of this round begins at this step.
bool StaggeredMeetings::meets_at(size_t lane, int64_t step) const {
  if (lane < begun_) return false;
  const auto count = static_cast<int64_t>(lanes_.size());
  const int64_t offset =
      round_.last ? round_.steps : meeting_offset(static_cast<int64_t>(lane), count, round_.steps);
  return step >= round_.first_step + offset;
}

bool StaggeredMeetings::lands_at(size_t lane, int64_t step) const {
  const auto& under_way = lanes_[lane].under_way;
  return under_way && (under_way->due <= step || meets_at(lane, step));
}

int64_t StaggeredMeetings::steps_until_due(int64_t step) const {
  int64_t next = never;
  const auto at = [&](int64_t due) { next = std::min(next, std::max(due, step)); };
  if (begun_ < lanes_.size()) {
    const auto count = static_cast<int64_t>(lanes_.size());
    at(round_.first_step +
       (round_.last ? round_.steps : meeting_offset(static_cast<int64_t>(begun_), count, round_.steps)));
  }
  for (const Lane& lane : lanes_) {
    if (!lane.under_way) continue;
    at(lane.under_way->due);
    at(lane.under_way->turn);
    if (!lane.under_way->mean) at(step);
  }
  return next == never ? never : next - step;
}

void StaggeredMeetings::proceed(int64_t step) {
  const Deadline deadline = deadline_in(options_.deadline);
  for (Lane& lane : lanes_)
    if (lane.under_way && !lane.under_way->mean) send(lane);
  for (size_t i = 0; i < lanes_.size(); ++i)
    if (lands_at(i, step)) land(lanes_[i], step);
  for (Lane& lane : lanes_) {
    if (!lane.under_way || lane.under_way->turn > step) continue;
    lane.under_way->mean->turn(deadline);
    lane.under_way->turn = never;
  }
  while (begun_ < lanes_.size() && meets_at(begun_, step)) {
    begin(begun_, step);
    ++begun_;
  }
  // Meetings that began at this step and for whose outcome all workers wait.
  for (size_t i = 0; i < lanes_.size(); ++i)
    if (lands_at(i, step)) land(lanes_[i], step);
}

void StaggeredMeetings::begin(size_t index, int64_t step) {
  Lane& lane = lanes_[index];
  invariant(!lane.under_way, "a fragment's meeting begins before its last one has landed");
  const auto own = parameters(lane.fragment), taken = snapshots(lane.fragment);
  for (size_t i = 0; i < own.size(); ++i) copy_to_all(own[i], {taken[i]}, parts_.averager.pool());
  UnderWay under_way{.begun = step, .due = step};
  if (overlap_.delayed && !round_.last) under_way.due = overlap_.delay ? step + *overlap_.delay : never;
  lane.under_way = std::move(under_way);
  send(lane);
  bytes_per_worker_ += lane.under_way->mean->bytes_per_worker();
  const int64_t wait = std::min(lane.under_way->due - step, round_.steps);
  if (lane.under_way->mean->has_halves() && wait > 1) lane.under_way->turn = step + wait / 2;
}

void StaggeredMeetings::send(Lane& lane) {
  UnderWay& under_way = *lane.under_way;
  if (!lane.mean.defined()) lane.mean = flat_vector(lane.fragment.size, parts_.anchor.type());
  MeanRequest request;
  request.vectors = snapshots(lane.fragment);
  request.anchor = lane.part_of(parts_.anchor);
  request.mean = lane.mean;
  request.outer_gradient = !parts_.outer.is_plain_mean();
  request.number = static_cast<uint64_t>(under_way.begun * static_cast<int64_t>(lanes_.size()) + lane.number);
  under_way.turn = never;
  under_way.mean = lane.averager->start(request);
}

void StaggeredMeetings::land(Lane& lane, int64_t step) {
  UnderWay& under_way = *lane.under_way;
  under_way.mean->finish(deadline_in(options_.deadline));
  Vector anchor = lane.part_of(parts_.anchor);
  if (parts_.outer.is_plain_mean()) {
    copy_to_all(lane.mean, {anchor}, parts_.averager.pool());
  } else {
    parts_.outer.step_part(anchor, lane.mean, lane.fragment.begin,
                           parts_.learning_rate.at(under_way.begun - 1));
  }
  merge(lane, step);
  lane.under_way.reset();
  ++outcomes_;
}

void StaggeredMeetings::merge(const Lane& lane, int64_t step) {
  const auto own = parameters(lane.fragment);
  const Vector anchor = lane.part_of(parts_.anchor);
  ThreadPool& pool = parts_.averager.pool();
  const bool nothing_since = lane.under_way->begun == step;
  const bool all_wait = !overlap_.delayed || (round_.last && nothing_since);
  if (all_wait || (overlap_.merge == Merge::corrected ? nothing_since : overlap_.blend == 0))
    copy_to_all(anchor, own, pool);
  else if (overlap_.merge == Merge::corrected)
    merge_corrected(own, snapshots(lane.fragment), anchor, pool);
  else
    merge_blend(own, anchor, overlap_.blend, pool);
}

Meeting StaggeredMeetings::end_round(const std::vector<double>& losses, double clock) {
  Meeting meeting;
  meeting.mean_value = std::accumulate(losses.begin(), losses.end(), 0.0);
  if (!overlap_.delayed)
    meeting.mean_value = parts_.averager.mean_of(meeting.mean_value, deadline_in(options_.deadline));
  meeting.mean_value /= static_cast<double>(losses.size());
  meeting.clock =
      options_.measure_seconds ? parts_.averager.mean_of(clock, deadline_in(options_.deadline)) : clock;
  meeting.bytes_per_worker = bytes_per_worker_;
  return meeting;
}

// The old group may still write to its means, so they get new memory.
void StaggeredMeetings::regrouped() {
  for (Lane& lane : lanes_) {
    if (lane.under_way) lane.under_way->mean.reset();
    lane.mean = Vector();
    lane.averager->use_group(parts_.averager.group());
  }
}

std::vector<Vector> StaggeredMeetings::parameters(const Fragment& fragment) const {
  std::vector<Vector> parts;
  for (const MeetingWorker& worker : parts_.workers)
    parts.push_back(worker.parameters.part(fragment.begin, fragment.size));
  return parts;
}

std::vector<Vector> StaggeredMeetings::snapshots(const Fragment& fragment) {
  while (snapshots_.size() < parts_.workers.size())
    snapshots_.push_back(flat_vector(parts_.anchor.size(), parts_.anchor.type()));
  std::vector<Vector> parts;
  for (const Vector& snapshot : snapshots_) parts.push_back(snapshot.part(fragment.begin, fragment.size));
  return parts;
}

bool StaggeredMeetings::anything_under_way() const {
  return std::any_of(lanes_.begin(), lanes_.end(),
                     [](const Lane& lane) { return lane.under_way.has_value(); });
}

namespace {
std::string name_of(int64_t fragment) { return "fragment" + std::to_string(fragment); }
}  // namespace

State StaggeredMeetings::state() const {
  State state;
  Numbers& numbers = state.numbers;
  numbers.set("begun", static_cast<int64_t>(begun_));
  numbers.set("outcomes", outcomes_);
  numbers.set("bytes_per_worker", bytes_per_worker_);
  numbers.set("last_round", int64_t{round_.last});
  for (const Lane& lane : lanes_) {
    if (!lane.under_way) continue;
    numbers.set(name_of(lane.number) + ".begun", lane.under_way->begun);
    numbers.set(name_of(lane.number) + ".due", lane.under_way->due);
  }
  return state;
}

void StaggeredMeetings::restore(const State& state, const RoundSpan& round) {
  const Numbers& numbers = state.numbers;
  round_ = round;
  round_.last = numbers.integer("last_round") != 0;
  begun_ = static_cast<size_t>(numbers.integer("begun"));
  outcomes_ = numbers.integer("outcomes");
  bytes_per_worker_ = numbers.integer("bytes_per_worker");
  for (Lane& lane : lanes_) {
    lane.under_way.reset();
    lane.mean = Vector();
    const std::string begun = name_of(lane.number) + ".begun";
    if (!numbers.has(begun)) continue;
    lane.under_way =
        UnderWay{.begun = numbers.integer(begun), .due = numbers.integer(name_of(lane.number) + ".due")};
  }
}

State StaggeredMeetings::worker_state(size_t hosted) const {
  State state;
  if (anything_under_way()) state.tensors["snapshot"] = snapshots_[hosted];
  return state;
}

void StaggeredMeetings::restore_worker(size_t hosted, const State& state) {
  if (!state.tensors.contains("snapshot")) return;
  if (snapshots_.empty()) snapshots({0, 0});
  state.copy_into("snapshot", snapshots_[hosted]);
}

// "worker.3.residual" of fragment 1 is "worker.3.residual.fragment1": the worker first, so that it can pick
// its own.
State StaggeredMeetings::codec_state() const {
  if (lanes_.size() == 1) return lanes_[0].averager->state();
  State all;
  for (const Lane& lane : lanes_)
    for (const auto& [name, tensor] : lane.averager->state().tensors)
      all.tensors[name + "." + name_of(lane.number)] = tensor;
  return all;
}

void StaggeredMeetings::restore_codec(const State& state) {
  if (lanes_.size() == 1) return lanes_[0].averager->restore(state);
  for (Lane& lane : lanes_) {
    State own;
    const std::string suffix = "." + name_of(lane.number);
    for (const auto& [name, tensor] : state.tensors)
      if (name.ends_with(suffix)) own.tensors[name.substr(0, name.size() - suffix.size())] = tensor;
    lane.averager->restore(own);
  }
}

}  // namespace muster::inline rounds
