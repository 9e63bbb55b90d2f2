#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "muster/asynchronous/async_server.h"
#include "muster/base/stopwatch.h"
#include "muster/flat/vector.h"
#include "muster/report/arrivals_file.h"
#include "muster/serve/applier.h"
#include "muster/serve/members.h"
#include "muster/serve/server_files.h"
#include "muster/serve/status.h"

namespace muster::inline serve {

struct CoordinatorOptions {
  int64_t total_steps = 0;       ///< local steps of all workers together that end the run
  double lease = 60;             ///< seconds of silence after which a worker counts as gone
  int64_t start_with = 1;        ///< workers to wait for before the first round
  int64_t most_members = 64;     ///< at a time
  int64_t snapshot_every = 100;  ///< contributions between two snapshots
  double disk_patience = 10;     ///< seconds that an answer waits for a disk that stalls
};

/// What a worker is told when it asks for its next round.
struct GivenRound {
  enum class Answer { unknown, wait, finished, round };
  Answer answer = Answer::wait;
  Assignment assignment{};
  std::shared_ptr<const StartingPoint> start;
};

/// What a worker is told about its contribution.
struct ContributionReply {
  Verdict verdict = Verdict::counted;
  std::string reason{};   ///< of a contribution that was dropped: numbers and the option that decided
  bool member = true;     ///< false: it may join again
  bool finished = false;  ///< the run has ended
};

/// Takes the decisions of an asynchronous run, for many threads at once: which workers are members, when each
/// starts, what becomes of a contribution. A decision is made under a short lock, from numbers alone. Two
/// threads then carry the decisions out in their order: the journal's brings them to the disk in groups, the
/// applier's makes the outer steps, the starting points and the copies for snapshots.
///
/// No reply is given before the decision that it rests on is on the disk: no round, verdict, acknowledgement,
/// membership or end. (status() is for people, and shows the state in memory.) When a disk stalls, only
/// callers whose reply rests on a new decision wait, for at most disk_patience; then they get LostPeer: try
/// again. After a failed write every call throws that FileError, and the serving process must end and be
/// started again.
class Coordinator {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Begins a new run, or goes on where the files end. `server` as at the beginning of the run. Throws
  /// FileError, CheckpointError, DataError.
  Coordinator(AsyncServer server, ServerFiles files, const CoordinatorOptions& options);

  /// Admits a worker; `previous`: its last membership, where it had one, which it may resume. Throws Error
  /// where there is no room.
  MemberIdentity join(const std::string& name, std::optional<double> seconds_per_step,
                      const std::optional<MemberIdentity>& previous);
  /// Ends a membership; does nothing where there is none.
  void leave(const MemberIdentity& who);
  /// The worker's next round; waits for it until `until`.
  GivenRound next_round(const MemberIdentity& who, Time until);
  /// The worker has received the whole starting point of its round.
  void fetched(const MemberIdentity& who, int64_t sequence, int64_t bytes);
  /// The reply to a contribution where its vector does not matter, before that has come; nothing where the
  /// vector is needed.
  std::optional<ContributionReply> judge_early(const MemberIdentity& who, const Contribution& without_vector);
  /// `contribution.completed` is filled in here. Returns when it is applied too: its vector is free again.
  ContributionReply hand_in(const MemberIdentity& who, Contribution contribution, int64_t bytes);
  struct Heard {
    bool known = false;
    bool finished = false;
  };
  /// A sign of life.
  Heard beat(const MemberIdentity& who, int64_t steps_done);
  /// A request was refused for this reason before it came here.
  void refuse(const std::string& reason);
  /// Removes workers that have been silent for too long, and releases those that have waited long enough. To
  /// be called regularly: time in which nobody called it (a process stopped, a machine asleep) does not count
  /// as silence of the workers.
  void look();

  ServerStatus status();
  /// The run has ended, on the disk too.
  bool finished();
  int64_t local_steps();
  int64_t workers_present();
  /// The run has finished and every member knows; so does every client that asked for the status in the last
  /// seconds (`muster status --every`).
  bool end_announced();
  /// Contributions that this process found in the files when it began.
  int64_t versions_found() const { return versions_found_; }
  /// What people should be told, a line each: damage that was found in the files and what became of it,
  /// contributions with unusual norms that are on the disk. Those since the last call.
  std::vector<std::string> take_messages();
  /// A copy of the parameters, and of what they are; on the disk when it returns. Throws FileError.
  struct Present {
    Vector parameters;
    int64_t version = 0, local_steps = 0;
    double seconds = 0;
    ServerCounts counts;
  };
  Present present();
  /// The rounds that ended since the last call and are on the disk, in order; at first those that the files
  /// still tell of, whose times between start and arrival are estimates.
  std::vector<ArrivalLine> take_ended_rounds();
  /// A snapshot of the present state, on the disk when it returns. Throws FileError.
  void save();

 private:
  using Lock = std::unique_lock<std::mutex>;
  template <class What>
  struct Told {
    uint64_t in_journal = 0;  // the decision that it follows from
    What what;
  };

  void recover();
  void replay(const ServerEvent& event);
  void restore(const State& snapshot);
  Numbers numbers() const;  // all of the state but the vectors
  double now() const { return time_before_ + watch_.seconds(); }

  // Under the lock.
  Settled decide(const ServerEvent& event, double norm = 0);
  std::optional<ArrivalLine> ended_round(const ServerEvent& event) const;
  void note(const ServerEvent& event, const EventOutcome& outcome, std::optional<ArrivalLine> ended,
            uint64_t place);
  void warn_of_norm(const Contribution& contribution, const EventOutcome& outcome, uint64_t place);
  void give_start(const EventOutcome& outcome, const std::shared_ptr<StartingPoint>& start,
                  const Settled& place);
  Settled remove(int64_t worker);
  bool release_due() const;
  void release_if_due();
  bool somebody_expected_by(double time) const;
  void snapshot_if_due();
  void order_snapshot();
  void forgive_own_silence(Time now);
  Settled latest() const { return {files_.journal().last(), applier_->last()}; }
  bool has_ended() const { return decisions().dispatcher().local_steps_done() >= options_.total_steps; }
  bool ended_on_disk() const { return has_ended() && files_.journal().done(end_); }
  const AsyncDecisions& decisions() const { return server_.decisions(); }

  /// Takes out what is on the disk.
  template <class What>
  std::vector<What> take_told(std::vector<Told<What>>& from) const {
    std::vector<What> taken;
    size_t count = 0;
    for (; count < from.size() && files_.journal().done(from[count].in_journal); ++count)
      taken.push_back(std::move(from[count].what));
    from.erase(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(count));
    return taken;
  }

  void require_working() const;
  // Releases the lock.
  void wait_until_told(Lock& lock, const Settled& place) const;

  AsyncServer server_;  // the decisions are guarded by the lock; the vectors are the applier's
  const int64_t elements_;
  const ElementType type_;
  ServerFiles files_;
  CoordinatorOptions options_;
  Stopwatch watch_;
  double time_before_ = 0;  // seconds of the run before this process
  double last_time_ = 0;    // of the last event
  double asked_ = -1e9;     // when a status request last found the run going on
  int64_t versions_found_ = 0;
  int64_t since_snapshot_ = 0;
  uint64_t snapshots_ = 0;          // ordered
  uint64_t end_ = 0, removed_ = 0;  // in the journal: the run's end, the last WorkerLeft

  std::mutex mutex_;
  std::condition_variable changed_;
  Members members_;
  std::map<std::string, int64_t> refused_;
  std::vector<Told<ArrivalLine>> ended_rounds_;  // not taken yet
  std::vector<Told<std::string>> messages_;      // not taken yet
  int64_t bytes_in_ = 0, bytes_out_ = 0;
  Time last_look_ = std::chrono::steady_clock::now();
  std::unique_ptr<Applier> applier_;  // destroyed first
};

}  // namespace muster::inline serve
