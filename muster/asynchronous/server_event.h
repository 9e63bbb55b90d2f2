#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "muster/flat/vector.h"

namespace muster::inline asynchronous {

/// What a server makes of a contribution. Only `counted`, `not_finite`, `too_large`, `stale`, `outlier` and
/// `damaged` end the worker's round and so change the server; the rest is turned away and only counted.
enum class Verdict {
  counted,             ///< applied: a new version
  duplicate,           ///< of a round whose contribution was counted or dropped before
  too_late,            ///< of a round that is no longer open: its worker has left since
  unknown_worker,      ///< which has never joined
  unknown_assignment,  ///< no such round: sequence, version, shard or number of steps are not those given out
  wrong_shape,         ///< other size or type than the server's parameters
  not_finite,          ///< dropped: holds Inf or NaN, or its norm overflows its type
  too_large,           ///< dropped: its norm is above max_norm
  stale,               ///< dropped: staler than the threshold of the staleness weight
  outlier,             ///< dropped: its norm is far above the running median (norm_watch.h)
  damaged,             ///< was counted, and dropped when its bytes in the journal were found damaged
};
inline constexpr int verdicts = 11;

/// "counted", "too_late", ...
std::string_view word_of(Verdict verdict);

/// Whether the worker's round has ended with it: then it is an event for the journal.
constexpr bool ends_round(Verdict verdict) {
  return verdict == Verdict::counted || verdict == Verdict::not_finite || verdict == Verdict::too_large ||
         verdict == Verdict::stale || verdict == Verdict::outlier || verdict == Verdict::damaged;
}

/// What a worker hands in at the end of a round. (worker, sequence) names the round: handing it in twice
/// counts once.
struct Contribution {
  int64_t worker = 0;
  int64_t sequence = 0;  ///< of its assignment
  int64_t version = 0;   ///< it started from
  int64_t shard = 0;
  int64_t local_steps = 0;     ///< done: 1 ... the assigned ones
  int64_t tokens = 0;          ///< samples (or tokens) seen, for the record
  double completed = 0;        ///< seconds on the server's clock
  double compute_seconds = 0;  ///< its local steps took; 0: not measured
  double loss = 0;             ///< mean training loss of its steps
  double learning_rate = 0;    ///< of its last local step
  Vector pseudo_gradient;      ///< start - end, flat: a direction of descent for `parameters -= rate * it`
};

struct WorkerJoined {
  int64_t worker = 0;
  double time = 0;
  std::optional<double> seconds_per_step{};  ///< where known
  int64_t session = 0;  ///< random bits that it must show from now on, where a server asks for them
};
struct WorkerLeft {
  int64_t worker = 0;
  double time = 0;
};
/// The end of a round whose contribution was dropped for `why`; its numbers need not be kept.
struct ContributionDropped {
  int64_t worker = 0;
  int64_t sequence = 0;
  int64_t local_steps = 0;
  double completed = 0;
  double compute_seconds = 0;
  Verdict why = Verdict::not_finite;
};
/// All workers that are ready get their next assignment.
struct WorkersReleased {
  double time = 0;
};

/// Everything that changes a server, in the order in which it happened: a server that is given the same
/// events anew ends with the same bits.
using ServerEvent =
    std::variant<WorkerJoined, WorkerLeft, Contribution, ContributionDropped, WorkersReleased>;

/// An event as bytes: `head`, and behind it, for a contribution, the bytes of `body`, a contiguous vector
/// whose memory is the event's own (not copied). A head is a byte for the kind and then its fields,
/// little-endian, as they are declared above (integers i64, seconds and losses f64, a verdict or a flag one
/// byte):
///   1 joined: worker, time, flag, seconds_per_step, session     2 left: worker, time     5 released: time
///   3 contribution: its fields, a flag (1: f64, 0: f32) and the number of elements of the body
///   4 dropped: its fields
struct EncodedEvent {
  std::string head;
  Vector body;  ///< undefined where there is none
  std::string_view body_bytes() const;
};
EncodedEvent encode(const ServerEvent& event);
/// The inverse; `body` is copied. Throws DataError when the bytes are no event.
ServerEvent decode_event(std::string_view head, std::string_view body);
/// How many bytes of body belong to a head. Throws DataError.
int64_t body_size(std::string_view head);
/// A contribution's event without its vector: dropped as `damaged`. Nothing for the head of another event.
std::optional<ContributionDropped> without_vector(std::string_view head);

}  // namespace muster::inline asynchronous
