#include "muster/comm/linked_group.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "muster/base/error.h"
#include "muster/comm/codec/message_check.h"
#include "muster/comm/collectives.h"

namespace muster::inline comm {

namespace {

/// How often a waiting thread checks whether a member has died.
constexpr auto look_every = std::chrono::milliseconds(20);

/// Waits of at least this length are noted.
constexpr auto notable = std::chrono::seconds(1);

/// One operation in the queue.
struct Job {
  std::function<void(Collectives&)> body;
  bool done = false;
  std::exception_ptr failure;
};

/// Watches the peers while a thread waits for an operation: whether the wait is in vain, and for whom it is.
class PeerWatch {
 public:
  PeerWatch(GroupWatch* watch, const Links& links, Waits* waits, Deadline deadline)
      : watch_(watch), links_(links), waits_(waits), deadline_(deadline) {}

  /// Why the wait is in vain; empty while it is not. `longest`: time that such a wait has taken before; where
  /// it is unknown whether peers live, the limit is twice that, at least the watch's patience.
  std::string why_hopeless(Deadline::duration longest) {
    const Deadline now = std::chrono::steady_clock::now();
    if (watch_) watch_->waits();
    if (watch_ && watch_->broken()) return "a member of the group has died";
    const auto patience = watch_ ? watch_->patience() : std::nullopt;
    if (!patience) untold_since_.reset();
    if (patience && !untold_since_) untold_since_ = now;
    const bool untold =
        patience && now - *untold_since_ >= std::max<Deadline::duration>(*patience, 2 * longest);
    const auto peer = links_.waits_for();
    if (untold)
      return (peer ? links_.name_of(*peer) : "a peer") +
             " did not answer before the deadline, and without the store it is unknown whether it lives";
    if (now >= deadline_) return "a peer did not answer before the deadline";
    if (peer && now - since_ >= notable) note(*peer, patience.has_value());
    return "";
  }
  Deadline::duration lasted() const { return std::chrono::steady_clock::now() - since_; }

 private:
  void note(int peer, bool untold) {
    Wait wait{.whom = links_.name_of(peer), .where = "at a meeting"};
    wait.state = untold ? "without the store it is unknown whether it lives" : "it lives";
    wait.reported_elsewhere = links_.rank() != (peer == 0 ? 1 : 0);
    if (note_)
      note_->change(wait);
    else
      note_.emplace(waits_, wait);
  }

  GroupWatch* watch_;
  const Links& links_;
  Waits* waits_;
  Deadline deadline_;
  Deadline since_ = std::chrono::steady_clock::now();
  std::optional<Deadline> untold_since_;
  std::optional<Waits::Note> note_;
};

/// The queue and the thread that works through it.
class Engine {
 public:
  Engine(std::unique_ptr<Links> links, std::shared_ptr<GroupWatch> watch, std::shared_ptr<Waits> waits,
         int64_t slice_bytes)
      : links_(std::move(links)),
        watch_(std::move(watch)),
        waits_(std::move(waits)),
        collectives_(*links_, slice_bytes),
        thread_([this] { work(); }) {}

  ~Engine() {
    stop();
    thread_.join();
  }

  /// Makes every operation that is not done fail.
  void stop() {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    links_->interrupt();
    wake_.notify_all();
  }

  const Links& links() const { return *links_; }

  std::shared_ptr<Job> add(std::function<void(Collectives&)> body) {
    auto job = std::make_shared<Job>();
    job->body = std::move(body);
    const std::lock_guard lock(mutex_);
    queue_.push_back(job);
    wake_.notify_all();
    return job;
  }

  void await(Job& job, Deadline deadline) {
    PeerWatch peer_watch(watch_.get(), *links_, waits_.get(), deadline);
    std::unique_lock lock(mutex_);
    while (!job.done) {
      const Deadline look = std::min(deadline, std::chrono::steady_clock::now() + look_every);
      if (finished_.wait_until(lock, look, [&] { return job.done; })) break;
      const auto longest = longest_;
      lock.unlock();
      const std::string lost = peer_watch.why_hopeless(longest);
      lock.lock();
      if (job.done) break;
      if (lost.empty()) continue;
      lose(lost);
      finished_.wait(lock, [&] { return job.done; });  // at once: the links are interrupted
    }
    if (job.failure) std::rethrow_exception(job.failure);
    longest_ = std::max(longest_ - longest_ / 10, peer_watch.lasted());
  }

 private:
  // Called with the lock held.
  void lose(const std::string& why) {
    if (lost_.empty()) lost_ = why;
    links_->interrupt();
    wake_.notify_all();
  }

  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      const std::shared_ptr<Job> job = queue_.front();
      queue_.pop_front();
      if (stopping_ || !lost_.empty()) {
        job->failure = std::make_exception_ptr(LostPeer(stopping_ ? "the group is being left" : lost_));
      } else {
        lock.unlock();
        const std::exception_ptr failure = run(*job);
        lock.lock();
        job->failure = failure;
      }
      job->body = nullptr;
      job->done = true;
      finished_.notify_all();
    }
  }

  /// A lost peer ends the group: its messages with the others no longer match.
  std::exception_ptr run(Job& job) {
    try {
      job.body(collectives_);
      return nullptr;
    } catch (const LostPeer& error) {
      const std::lock_guard lock(mutex_);
      if (lost_.empty()) lost_ = error.what();
      return std::make_exception_ptr(LostPeer(lost_));
    } catch (...) {
      return std::current_exception();
    }
  }

  const std::unique_ptr<Links> links_;
  const std::shared_ptr<GroupWatch> watch_;
  const std::shared_ptr<Waits> waits_;
  Collectives collectives_;
  std::mutex mutex_;
  std::condition_variable wake_, finished_;
  std::deque<std::shared_ptr<Job>> queue_;
  bool stopping_ = false;
  Deadline::duration longest_{};  // that an operation has taken lately
  std::string lost_;              // why the group is broken; empty while it is whole
  std::thread thread_;
};

class Queued final : public Pending {
 public:
  Queued(std::shared_ptr<Engine> engine, std::shared_ptr<Job> job)
      : engine_(std::move(engine)), job_(std::move(job)) {}
  void wait(Deadline deadline) override { engine_->await(*job_, deadline); }

 private:
  std::shared_ptr<Engine> engine_;
  std::shared_ptr<Job> job_;
};

class LinkedGroup final : public Communicator {
 public:
  LinkedGroup(std::unique_ptr<Links> links, std::shared_ptr<GroupWatch> watch,
              const LinkedGroupOptions& options)
      : engine_(
            std::make_shared<Engine>(std::move(links), std::move(watch), options.waits, options.slice_bytes)),
        patience_(options.patience) {}
  ~LinkedGroup() override { engine_->stop(); }

  int rank() const override { return engine_->links().rank(); }
  int size() const override { return engine_->links().size(); }

  std::unique_ptr<Pending> start_mean(const Vector& vector, Vector& mean) override {
    require_averageable(vector, mean);
    return start([vector, mean](Collectives& collectives) mutable { collectives.mean(vector, mean); });
  }
  std::unique_ptr<Pending> start_exchange(const std::vector<Vector>& parts,
                                          std::vector<Vector>& received) override {
    require_one_per_rank(parts, size(), "parts");
    require_one_per_rank(received, size(), "vectors to receive into");
    return start(
        [parts, received](Collectives& collectives) mutable { collectives.exchange(parts, received); });
  }
  std::unique_ptr<Pending> start_gather(const Vector& part, std::vector<Vector>& received) override {
    require_message(part);
    require_one_per_rank(received, size(), "vectors to receive into");
    return start([part, received](Collectives& collectives) mutable { collectives.gather(part, received); });
  }
  void broadcast(Vector& vector, int root) override {
    require_message(vector);
    if (root < 0 || root >= size())
      throw Error("broadcast from rank " + std::to_string(root) + " in a group of " + std::to_string(size()));
    start([vector, root](Collectives& collectives) mutable {
      collectives.broadcast(vector, root);
    })->wait(deadline_in(patience_));
  }

 private:
  std::unique_ptr<Pending> start(std::function<void(Collectives&)> body) {
    return std::make_unique<Queued>(engine_, engine_->add(std::move(body)));
  }

  std::shared_ptr<Engine> engine_;
  std::chrono::milliseconds patience_;
};

}  // namespace

std::unique_ptr<Communicator> make_linked_group(std::unique_ptr<Links> links,
                                                std::shared_ptr<GroupWatch> watch,
                                                const LinkedGroupOptions& options) {
  return std::make_unique<LinkedGroup>(std::move(links), std::move(watch), options);
}

}  // namespace muster::inline comm
