#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "muster/asynchronous/async_server.h"
#include "muster/base/stopwatch.h"
#include "muster/flat/vector.h"
#include "muster/report/arrivals_file.h"
#include "muster/serve/server_files.h"
#include "muster/serve/status.h"

namespace muster {

struct DeskOptions {
  int64_t total_steps = 0;       ///< local steps of all workers together that end the run
  double lease = 60;             ///< seconds of silence after which a worker counts as gone
  int64_t start_with = 1;        ///< workers to wait for before the first round
  int64_t most_members = 64;     ///< at a time
  int64_t snapshot_every = 100;  ///< contributions between two snapshots
  double disk_patience = 10;     ///< seconds that an answer waits for a disk that stalls
};

/// Which worker, and which of its lives: 64 random bits that came with its joining and that only it knows.
struct MemberIdentity {
  int64_t worker = 0;
  int64_t session = 0;
  bool operator==(const MemberIdentity&) const = default;
};

/// Where rounds begin, shared by all who were released together. Never written to.
struct StartingPoint {
  Vector vector;
};

/// What a worker is told when it asks for its next round.
struct GivenRound {
  enum class Answer { unknown, wait, finished, round };
  Answer answer = Answer::wait;
  Assignment assignment{};
  std::shared_ptr<const StartingPoint> start;
};

/// What a worker is told about its contribution.
struct HandedIn {
  Verdict verdict = Verdict::counted;
  std::string reason{};   ///< of a contribution that was dropped: numbers and the option that decided
  bool member = true;     ///< false: it may join again
  bool finished = false;  ///< the run has ended
};

/// The one place where an asynchronous run is decided on, for many threads at once: AsyncServer, the disk,
/// the clock, who is there. What it answers is on the disk before it answers; a disk that stalls makes those
/// wait who are to be told of something new, and nobody else (for so long, and then they are asked to try
/// again: LostPeer). After a failed write it answers no more: every call throws that FileError, and whoever
/// serves it must end and be started again.
class TrainingDesk {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Begins a new run, or goes on where the files end. `server` as at the beginning of the run. Throws
  /// FileError, CheckpointError, DataError.
  TrainingDesk(AsyncServer server, ServerFiles files, const DeskOptions& options);

  /// A worker comes; `previous`: what it was before, where it was a member, and may come back as. Throws
  /// Error where there is no room.
  MemberIdentity join(const std::string& name, std::optional<double> seconds_per_step,
                      const std::optional<MemberIdentity>& previous);
  /// It leaves; nothing where it is no member.
  void leave(const MemberIdentity& who);
  /// Its next round, waiting for it until `until`.
  GivenRound next_round(const MemberIdentity& who, Time until);
  /// It has got all of what it starts from.
  void fetched(const MemberIdentity& who, int64_t sequence, int64_t bytes);
  /// What the contribution to such a round would get at once, before its vector has come; nothing where it
  /// is waited for.
  std::optional<HandedIn> judge_early(const MemberIdentity& who, const Contribution& without_vector);
  /// `contribution.completed` is filled in here.
  HandedIn hand_in(const MemberIdentity& who, Contribution contribution, int64_t bytes);
  struct Heard {
    bool known = false;
    bool finished = false;
  };
  /// A sign of life.
  Heard beat(const MemberIdentity& who, int64_t steps_done);
  /// Something was refused at the door.
  void refuse(const std::string& reason);
  /// Lets go of workers that have been silent for too long, and starts those who have waited long enough. To
  /// be called every now and then: time in which nobody called it (a process stopped, a machine asleep) was
  /// this side's own and is not counted as silence.
  void look();

  ServerStatus status();
  /// The run has ended, on the disk too.
  bool finished();
  int64_t local_steps();
  int64_t workers_present();
  /// Finished, and every member knows; and who has asked for the status in the last seconds, as `muster
  /// status --every` does, has heard of it.
  bool everybody_knows();
  /// Contributions that this process found in the files when it began.
  int64_t versions_found() const { return versions_found_; }
  /// What people should be told, a line each: damage that was found in the files and what became of it,
  /// contributions with unusual norms. Those since the last call.
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
  struct Member {
    int64_t session = 0;
    std::string name;
    Time heard{};
    std::shared_ptr<const StartingPoint> start;  // until it has been fetched
    double ready = 0, started = 0,
           received = 0;  // seconds of the run: waits, is given a round, has its start
    int64_t steps_done = 0, counted = 0, dropped = 0, last_staleness = 0;
    double last_loss = 0;
    int64_t bytes_in = 0, bytes_out = 0;
    bool knows = false;  // that the run has ended
  };

  struct EndedRound {
    uint64_t place = 0;  // in the journal
    ArrivalLine line;
  };

  void recover();
  void restore(const State& snapshot);
  State state() const;
  double now() const { return time_before_ + watch_.seconds(); }
  /// Into the journal, then applied; on the disk later.
  EventOutcome decide(const ServerEvent& event);
  EventOutcome apply(const ServerEvent& event);
  /// The round that the event ends, before it is applied; staleness and verdict are missing.
  std::optional<ArrivalLine> ended_round(const ServerEvent& event) const;
  void wait_for_disk(std::unique_lock<std::mutex>& lock, uint64_t place) const;
  void tell_of(const Contribution& contribution, const EventOutcome& outcome);
  void snapshot_if_due();
  void forgive_own_silence(Time now);
  Member* member(const MemberIdentity& who);
  void remove(int64_t worker);
  bool release_due() const;
  void release_if_due();
  bool somebody_expected_by(double time) const;
  int64_t free_number() const;
  bool has_ended() const { return server_.dispatcher().local_steps_done() >= options_.total_steps; }
  bool ended_on_disk() const { return has_ended() && files_.journal().done(end_); }

  AsyncServer server_;
  ServerFiles files_;
  DeskOptions options_;
  Stopwatch watch_;
  double time_before_ = 0;  // seconds of the run before this process
  double last_time_ = 0;    // of the last event
  double asked_ = -1e9;     // when somebody heard that the run goes on
  int64_t versions_found_ = 0;
  int64_t since_snapshot_ = 0;
  uint64_t snapshot_ = 0, end_ = 0;  // places in the journal: of the last snapshot, and of the run's end

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<int64_t, Member> members_;
  std::map<std::string, int64_t> refused_;
  std::vector<EndedRound> ended_rounds_;  // not taken yet
  std::vector<std::string> messages_;     // not taken yet
  int64_t bytes_in_ = 0, bytes_out_ = 0;
  Time last_look_ = std::chrono::steady_clock::now();
};

}  // namespace muster
