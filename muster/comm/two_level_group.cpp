#include "muster/comm/two_level_group.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "muster/base/error.h"
#include "muster/base/thread_pool.h"
#include "muster/comm/codec/message_check.h"
#include "muster/comm/local_mean.h"
#include "muster/flat/vector.h"

namespace muster::inline comm {

namespace {

/// A vector of at most so many bytes is averaged by all at once: three trips would take longer.
constexpr int64_t small_bytes = 4096;
/// Parts begin at multiples of so many elements.
constexpr int64_t part_grain = 64;

/// Inner waits have no deadline: a caller whose deadline passes leaves the groups, which ends every wait
/// inside.
Deadline never() { return std::chrono::steady_clock::now() + std::chrono::hours(24 * 365); }

struct Part {
  int64_t begin, size;
};
Part part_of(int64_t elements, int64_t rank, int64_t ranks) {
  const int64_t each = ((elements + ranks - 1) / ranks + part_grain - 1) / part_grain * part_grain;
  const int64_t begin = std::min(elements, rank * each);
  return {begin, std::min(elements, begin + each) - begin};
}
std::vector<Vector> parts_of(const Vector& vector, int ranks) {
  std::vector<Vector> parts;
  for (int rank = 0; rank < ranks; ++rank) {
    const Part part = part_of(vector.size(), rank, ranks);
    parts.push_back(vector.part(part.begin, part.size));
  }
  return parts;
}

/// Length and type of a vector, as they travel.
Vector form_of(const Vector& vector) {
  Vector form = uninitialised_vector(2, ElementType::int64);
  form.data<int64_t>()[0] = vector.size();
  form.data<int64_t>()[1] = static_cast<int64_t>(vector.type());
  return form;
}
std::string told(const Vector& form) {
  const int64_t* const numbers = form.data<int64_t>();
  return std::to_string(numbers[0]) + " elements of type " + name_of(static_cast<ElementType>(numbers[1]));
}

/// A mean under way.
struct Mean {
  Vector vector, mean;
  std::vector<Vector> forms;  // of all ranks
  std::unique_ptr<Pending> forms_known;
  bool done = false;
  std::exception_ptr failure;
};

/// The three groups, the means under way in the order of their calls, and the thread that takes them from
/// stage to stage: only it uses the groups `block` and `across`, so that their operations have one order.
class Levels {
 public:
  Levels(std::unique_ptr<Communicator> all, std::unique_ptr<Communicator> block,
         std::unique_ptr<Communicator> across)
      : rank_(all->rank()),
        size_(all->size()),
        place_(block->rank()),
        block_size_(block->size()),
        all_(std::move(all)),
        block_(std::move(block)),
        across_(std::move(across)),
        thread_([this] { work(); }) {}

  ~Levels() {
    leave("the group is being left");
    thread_.join();
  }

  int rank() const { return rank_; }
  int size() const { return size_; }

  /// The group of all. Throws LostPeer where there is none any more.
  std::shared_ptr<Communicator> all() {
    const std::lock_guard lock(mutex_);
    require_whole();
    return all_;
  }

  std::shared_ptr<Mean> start(const Vector& vector, Vector& mean) {
    auto op = std::make_shared<Mean>();
    op->vector = vector;
    op->mean = mean;
    for (int rank = 0; rank < size_; ++rank) op->forms.push_back(uninitialised_vector(2, ElementType::int64));
    const std::lock_guard lock(mutex_);
    if (!lost_.empty()) {
      op->failure = std::make_exception_ptr(LostPeer(lost_));
      op->done = true;
      return op;
    }
    op->forms_known = all_->start_gather(form_of(vector), op->forms);
    queue_.push_back(op);
    changed_.notify_all();
    return op;
  }

  void await(const Mean& op, Deadline deadline) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_until(lock, deadline, [&] { return op.done; })) {
      lock.unlock();
      lose("a peer did not answer before the deadline");
      lock.lock();
      changed_.wait(lock, [&] { return op.done; });  // at once: the groups are left
    }
    if (op.failure) std::rethrow_exception(op.failure);
  }

  /// Loses the group and ends the thread once every queued mean has failed.
  void leave(const std::string& why) {
    lose(why);
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }

 private:
  void require_whole() const {
    if (!lost_.empty()) throw LostPeer(lost_);
  }

  void lose(const std::string& why) {
    std::unique_lock lock(mutex_);
    if (!lost_.empty()) return;
    lost_ = why;
    const auto all = std::move(all_);
    const auto block = std::move(block_), across = std::move(across_);
    lock.unlock();  // they end when this returns
  }

  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      const std::shared_ptr<Mean> op = queue_.front();
      queue_.pop_front();
      lock.unlock();
      const std::exception_ptr failure = run(*op);
      lock.lock();
      op->forms_known.reset();
      op->failure = failure;
      op->done = true;
      changed_.notify_all();
    }
  }

  /// Only a mismatch, which every rank finds alike, leaves the groups usable.
  std::exception_ptr run(const Mean& op) {
    bool agreed = false;
    try {
      op.forms_known->wait(never());
      require_alike(op.forms);
      agreed = true;
      take(op);
      return nullptr;
    } catch (const std::exception& problem) {
      const bool mismatch = !agreed && !dynamic_cast<const LostPeer*>(&problem);
      if (mismatch) return std::current_exception();
      lose(problem.what());
    }
    const std::lock_guard lock(mutex_);
    return std::make_exception_ptr(LostPeer(lost_));
  }

  static void require_alike(const std::vector<Vector>& forms) {
    for (size_t rank = 1; rank < forms.size(); ++rank)
      if (told(forms[rank]) != told(forms[0]))
        throw Error("the ranks do not agree: rank " + std::to_string(rank) + " brought " + told(forms[rank]) +
                    ", rank 0 " + told(forms[0]));
  }

  void take(const Mean& op) {
    const auto mine = static_cast<size_t>(place_);
    const std::vector<Vector> parts = parts_of(op.vector, block_size_);
    std::vector<Vector> places = places_for(parts[mine]), brought = places, means;
    brought[mine] = parts[mine];  // needs no copy; its place is for the mean
    stage([&] { return block_->start_exchange(parts, brought); });
    Vector& mean = places[mine];
    local_mean(brought, mean, {.divergence = false, .write_back = false}, alone_);
    stage([&] { return across_->start_mean(mean, mean); });
    means = parts_of(op.mean, block_size_);
    stage([&] { return block_->start_gather(mean, means); });
  }

  /// Memory for what each rank of the block brings of this rank's part.
  std::vector<Vector> places_for(const Vector& part) {
    const int64_t room = (part.size() + part_grain - 1) / part_grain * part_grain;
    if (!scratch_.defined() || scratch_.size() != room * block_size_ || scratch_.type() != part.type())
      scratch_ = flat_vector(room * block_size_, part.type());
    std::vector<Vector> places;
    for (int rank = 0; rank < block_size_; ++rank) places.push_back(scratch_.part(rank * room, part.size()));
    return places;
  }

  /// Starts an operation, while the groups are there, and waits for it.
  template <class Start>
  void stage(Start start) {
    std::unique_lock lock(mutex_);
    require_whole();
    const std::unique_ptr<Pending> operation = start();
    lock.unlock();
    operation->wait(never());
  }

  const int rank_, size_, place_, block_size_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<Communicator> all_;  // these are null once the group is lost
  std::unique_ptr<Communicator> block_, across_;
  std::deque<std::shared_ptr<Mean>> queue_;
  std::string lost_;  // why the group is broken; empty while it is whole
  bool stopping_ = false;
  Vector scratch_;  // the thread's own, from mean to mean
  ThreadPool alone_{1};
  std::thread thread_;
};

class UnderWay final : public Pending {
 public:
  UnderWay(std::shared_ptr<Levels> levels, std::shared_ptr<Mean> mean)
      : levels_(std::move(levels)), mean_(std::move(mean)) {}
  void wait(Deadline deadline) override { levels_->await(*mean_, deadline); }

 private:
  std::shared_ptr<Levels> levels_;
  std::shared_ptr<Mean> mean_;
};

class TwoLevelGroup final : public Communicator {
 public:
  explicit TwoLevelGroup(std::shared_ptr<Levels> levels) : levels_(std::move(levels)) {}
  ~TwoLevelGroup() override { levels_->leave("the group is being left"); }

  int rank() const override { return levels_->rank(); }
  int size() const override { return levels_->size(); }

  std::unique_ptr<Pending> start_mean(const Vector& vector, Vector& mean) override {
    require_averageable(vector, mean);
    if (vector.size() * bytes_of(vector.type()) <= small_bytes)
      return levels_->all()->start_mean(vector, mean);
    return std::make_unique<UnderWay>(levels_, levels_->start(vector, mean));
  }
  std::unique_ptr<Pending> start_exchange(const std::vector<Vector>& parts,
                                          std::vector<Vector>& received) override {
    return levels_->all()->start_exchange(parts, received);
  }
  std::unique_ptr<Pending> start_gather(const Vector& part, std::vector<Vector>& received) override {
    return levels_->all()->start_gather(part, received);
  }
  void broadcast(Vector& vector, int root) override { levels_->all()->broadcast(vector, root); }

 private:
  std::shared_ptr<Levels> levels_;
};

}  // namespace

std::unique_ptr<Communicator> make_two_level_group(std::unique_ptr<Communicator> all,
                                                   std::unique_ptr<Communicator> block,
                                                   std::unique_ptr<Communicator> across) {
  invariant(all->size() == block->size() * across->size() &&
                all->rank() == across->rank() * block->size() + block->rank(),
            "the groups of two levels do not make up the group of all");
  return std::make_unique<TwoLevelGroup>(
      std::make_shared<Levels>(std::move(all), std::move(block), std::move(across)));
}

}  // namespace muster::inline comm
