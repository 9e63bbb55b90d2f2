#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "muster/base/thread_pool.h"
#include "muster/comm/codec/codec_options.h"
#include "muster/comm/communicator.h"
#include "muster/comm/compressed_mean.h"
#include "muster/comm/local_mean.h"
#include "muster/flat/vector.h"

namespace muster::inline comm {

class MeetingNumbers;

/// One kind of vector that a meeting averages: parameters, gradients, a moment.
struct Averaged {
  std::vector<Vector> replicas;  ///< of every hosted worker
  /// Receives the mean: another vector of the same form may take its place, which saves a pass through
  /// memory. Null where only the write-back is wanted.
  Vector* mean = nullptr;
  /// Writes the mean to the replicas. Where `mean` is null, a process's only replica takes over the memory in
  /// which the mean arrived, if it is a whole vector: Vectors that share the replica's memory follow, raw
  /// pointers into it do not.
  bool write_back = true;
  /// The replicas' common anchor: where means are compressed, the distance to it (the outer gradient) is
  /// sent. Undefined: the vectors themselves are sent (gradients).
  Vector anchor{};
  /// `mean` becomes the outer gradient, anchor - mean, instead: what a codec has sent is that already, to the
  /// bit. Needs an anchor; nothing is written back.
  bool outer_gradient = false;
};

/// The work of one meeting, done as a whole or not at all.
struct MeetingRequest {
  std::vector<Averaged> vectors;
  std::vector<double> values{};     ///< a number of every hosted worker, or empty: Meeting::mean_value
  double clock = 0;                 ///< a number of this process, exchanged beside the values: Meeting::clock
  bool measure_divergence = false;  ///< of the first kind of vector
  bool compress = false;  ///< the first kind of vector travels encoded, where the averager has a codec
  uint64_t number = 0;    ///< different at every meeting of the run: it enters the codec's random key
};

/// How the first kind of vector of a meeting travels; the others, and numbers, go as they are.
struct Compression {
  CodecOptions codec{};
  bool error_feedback = false;
  uint64_t seed = 0;
};

/// The results of a meeting.
struct Meeting {
  /// Mean over all workers of the squared distance to their true mean, before the write-back; where it was
  /// asked for. Exact to rounding in one process, and in several whose vectors travel as they are. Several
  /// that exchange encoded vectors know no true mean: there it is estimated, without bias and with a standard
  /// deviation of at most 2.2 %, from a sketch of each (distance_sketch.h; 32 KiB more to exchange); exact up
  /// to 4,096 parameters. What the codec loses never enters.
  std::optional<double> divergence = std::nullopt;
  double mean_value = 0;         ///< over all workers, added in their order
  double clock = 0;              ///< mean over the processes; where divergence or values were exchanged
  int64_t bytes_per_worker = 0;  ///< what one worker hands in: elements times their size
};

/// A mean under way while the workers go on. The group and the averager must outlive it, unless the averager
/// was given another group: then it can only be destroyed.
class MeanUnderWay {
 public:
  virtual ~MeanUnderWay() = default;
  /// True: it travels in two halves, and turn() between them keeps both off the workers' time (see
  /// CompressedMean::Meeting).
  virtual bool has_halves() const = 0;
  virtual void turn(Deadline deadline) = 0;
  /// Returns when the mean is in place. Throws LostPeer; then the mean holds anything.
  virtual void finish(Deadline deadline) = 0;
  /// What one worker hands in.
  virtual int64_t bytes_per_worker() const = 0;
};

/// What a mean under way is made of.
struct MeanRequest {
  std::vector<Vector> vectors;  ///< of every hosted worker; like the anchor they stay as they are meanwhile
  Vector anchor;                ///< as in Averaged
  bool outer_gradient = false;  ///< as in Averaged
  Vector mean;                  ///< its memory is given up when finish() throws; none of the others
  uint64_t number = 0;          ///< as in MeetingRequest
};

/// Averages the workers of a whole run: local_mean over the replicas that this process hosts, then the
/// group's mean over the processes. Every rank hosts the same number of replicas, and worker w of the run is
/// replica w % hosted of rank w / hosted. With one replica per rank the bits are those of the same replicas
/// in one process, divergence included (added in rank order, divided once; with a codec it differs, see
/// Meeting); with several per rank they differ by rounding only.
class Averager {
 public:
  /// Borrows both; they must outlive it. `compression` holds where there is more than one worker.
  Averager(Communicator& group, ThreadPool& pool, std::optional<Compression> compression = std::nullopt);
  ~Averager();

  int64_t workers(int64_t hosted) const { return hosted * group_->size(); }  ///< in the whole run
  int64_t first_worker(int64_t hosted) const {
    return hosted * group_->rank();
  }  ///< replica 0 of this process

  /// Averages every kind over all workers. All or nothing: when it throws (LostPeer, Error) means and
  /// replicas are as they were. A mean may be the anchor but not a replica. REQUIRES: flat vectors (float or
  /// double), of one size and type within a kind, on every rank; as many values as replicas, or none.
  Meeting meet(const MeetingRequest& request, Deadline deadline);

  /// Starts a mean of one kind of vector, compressed where there is a codec, and returns. One at a time with
  /// a codec. The bits are those of meet().
  std::unique_ptr<MeanUnderWay> start(const MeanRequest& request);
  /// How vectors travel; nothing: as they are.
  const std::optional<Compression>& compression() const { return compression_; }

  /// The same for one kind of vector.
  Meeting average(const std::vector<Vector>& replicas, const Vector& mean, bool measure_divergence,
                  bool write_back, Deadline deadline);

  /// The mean over all ranks of one number per process, added in rank order.
  double mean_of(double value, Deadline deadline);

  /// What error feedback carries over to the next meeting, by worker (see CompressedMean::state).
  State state() const;
  void restore(const State& state);

  /// From now on every meeting of several processes carries this flag: flag_raised() becomes true on every
  /// rank at the same meeting, without a store.
  void raise_flag() { flag_ = true; }
  /// Some rank had raised the flag by the latest meeting.
  bool flag_raised() const { return flag_raised_; }

  /// Another group takes the place of the present one, which may be gone. Borrowed. Error feedback keeps the
  /// residuals of this process's own vectors (forget() drops them); those of the part of the mean that it
  /// encodes only where its rank and the number of ranks stay too.
  void use_group(Communicator& group);
  /// Drops all residuals of error feedback: the workers now hold another state.
  void forget() { restore({}); }

  Communicator& group() { return *group_; }
  ThreadPool& pool() { return pool_; }

 private:
  class UnderWay;
  class Together;

  Meeting meet_alone(const MeetingRequest& request);
  Meeting meet_others(const MeetingRequest& request, std::vector<Vector>& scratch, Deadline deadline);
  int64_t start_means(const MeetingRequest& request, std::vector<Vector>& scratch, MeetingNumbers& numbers,
                      Together& under_way);
  void measure_spread(const MeetingRequest& request, const Vector& mean, bool compressed,
                      MeetingNumbers& numbers);
  std::unique_ptr<CompressedMean::Meeting> start_compressed(const MeetingRequest& request, Vector& mean,
                                                            double* within);
  CompressedMean& compressed_mean(const Vector& vector, int64_t hosted);
  /// Vectors that this process brings to a compressed mean, and the first one's number in the run.
  int64_t contributors(int64_t hosted) const { return group_->size() > 1 ? 1 : hosted; }
  int64_t first_contributor(int64_t contributors) const { return group_->rank() * contributors; }

  struct Place {
    int rank = 0, size = 1;
    bool operator==(const Place&) const = default;
  };

  Communicator* group_;
  Place place_;  ///< in it
  ThreadPool& pool_;
  bool flag_ = false, flag_raised_ = false;
  std::optional<Compression> compression_;
  std::unique_ptr<CompressedMean>
      compressed_;       ///< made by the first meeting, or when there is a state for it
  State waiting_state_;  ///< until then
  int64_t hosted_ = 1;   ///< replicas of this process, once compressed_ is there
  /// The means on their way, one for each kind: kept from meeting to meeting, given up when one fails.
  std::vector<Vector> scratch_;
};

}  // namespace muster::inline comm
