#pragma once

#include <memory>
#include <vector>

#include "muster/comm/codec/codec.h"
#include "muster/comm/communicator.h"
#include "muster/flat/state.h"
#include "muster/flat/vector.h"

namespace muster::inline comm {

/// Plain numbers of a CompressedMean.
struct CompressedMeanOptions {
  bool error_feedback = false;
  uint64_t seed = 0;
  int64_t first_worker = 0;   ///< number in the run of this process's first contributor
  int64_t hosted = 1;         ///< contributors of this process; more than one only in a group of one
  int64_t part_multiple = 1;  ///< parts begin at multiples of it: MessageForm::bucket, so that none is cut
};

/// The mean of vectors that travel encoded: reduce-scatter and all-gather of messages, so that what a rank
/// sends does not grow with the number of ranks N. The vector is cut into N parts;
///   every rank r encodes each part j of its vector, C(x_r)_j, and hands it to rank j;
///   rank j decodes all N messages, adds them in rank order, divides by N, and encodes the result once;
///   every rank decodes these N messages: the same bits on every rank.
/// With error feedback (Seide, Fu, Droppo, Li, Yu, "1-Bit SGD", 2014; Karimireddy, Rebjock, Stich, Jaggi,
/// ICML 2019) each contributor keeps the residual e, what its encodings lost, and adds it to its next vector:
///   sends C(x + e),   e <- x + e - C(x + e)
/// and so does the owner of part j with the mean that it encodes. Residuals of gradients are not added to
/// outer gradients (differences to an anchor), nor the other way round: their units differ. A process alone
/// may bring K vectors: then everything, the bits included, is as in a group of K ranks. Random numbers
/// follow from (seed, contributor's number in the run, part, meeting).
class CompressedMean {
 public:
  CompressedMean(std::unique_ptr<Codec> codec, const CompressedMeanOptions& options);
  ~CompressedMean();
  CompressedMean(CompressedMean&&) noexcept;

  /// A mean under way. Its traffic is in two halves, and the second one can only start when the first has
  /// arrived: turn() waits for the first, adds, and starts the second. wait() does that too where nobody has;
  /// a loop that computes meanwhile calls turn() half-way, so that both halves travel while it computes.
  /// Every rank must then turn between the same two of the group's other operations.
  class Meeting : public Pending {
   public:
    virtual void turn(Deadline deadline) = 0;
    /// Bytes of the messages that this process hands in: of its vectors, and of the means of its parts.
    virtual int64_t message_bytes_sent() const = 0;
  };

  /// mean <- mean over all contributors. In a group of several ranks every rank brings one vector; a group of
  /// one brings `hosted`. With an anchor each contribution is replaced by anchor - contribution, and the mean
  /// is of these. The contributions are read before start() returns; `mean` may be one of them. It is written
  /// by wait(), not before all messages have arrived: a lost peer leaves it as it is. `meeting` enters the
  /// random key: the same number on every rank, another one at each meeting. New residuals of the last
  /// start() are dropped unless it was committed. The group must outlive the meeting. Throws Error for
  /// vectors of different form, or that do not fit the residuals.
  std::unique_ptr<Meeting> start(Communicator& group, const std::vector<Vector>& contributions,
                                 const Vector& mean, uint64_t meeting, const Vector& anchor = {});
  /// Takes over the residuals of the mean that was waited for: to be called when the meeting is confirmed.
  /// Without it (a failed meeting) they stay as they were before. Throws Bug when there is no such mean.
  void commit();
  /// Moves to another group, where this process's contributors have these numbers. Residuals of their own
  /// encodings stay with them (where `hosted` changes, each gets the mean of them); those of encoded means
  /// are dropped, since the parts differ.
  void move_to(int64_t first_worker, int64_t hosted);

  /// "worker.3.residual" and "worker.3.mean_residual" (of the part that worker 3 owns; missing after
  /// move_to()), for each worker hosted here; and the number "of_differences" (1: of outer gradients);
  /// nothing before the first commit() and without error feedback.
  State state() const;
  /// Takes what belongs to the workers hosted here; residuals are zero where the state has no tensors at all.
  /// Throws CheckpointError when it has those of other workers only.
  void restore(const State& state);

 private:
  struct Residuals;
  struct Attempt;
  class UnderWay;

  std::shared_ptr<const Codec> codec_;
  CompressedMeanOptions options_;
  std::unique_ptr<Residuals> residuals_;
  std::unique_ptr<Residuals> memory_;  // those before: memory that the next meeting writes to
  Vector difference_;                  // memory for anchor - contribution, without error feedback
  std::shared_ptr<Attempt> attempt_;   // shared with the meeting, which may outlive this object
};

}  // namespace muster::inline comm
