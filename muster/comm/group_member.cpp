#include "muster/comm/group_member.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/version.h"
#include "muster/comm/group_watch.h"
#include "muster/comm/linked_group_module.h"
#include "muster/comm/links_module.h"
#include "muster/comm/solo.h"
#include "muster/comm/two_level_group.h"
#include "muster/rendezvous/store_client.h"
#include "muster/rendezvous/store_server.h"

namespace muster {

namespace {

using std::chrono::milliseconds;

StoreEndpoint endpoint(const Place& place) { return {place.store_address, place.store_port, place.token}; }

std::unique_ptr<StoreServer> serve(const Place& place, const JoinOptions& options,
                                   const ElasticOptions& elastic) {
  StoreServerOptions server;
  server.address = place.store_address;
  server.port = place.store_port;
  server.token = place.token;
  server.expected = place.size;
  server.min_members = elastic.min_members > 0 ? elastic.min_members : place.size;
  server.lease = elastic.deadline;
  server.patience = options.patience;
  return std::make_unique<StoreServer>(server);
}

/// torchrun starts all processes again after a failure: each time under keys of its own.
std::string agent_prefix() {
  const char* const restart = std::getenv("TORCHELASTIC_RESTART_COUNT");
  return std::string("muster/") + (restart ? restart : "0") + "/";
}

std::string rank_key(const std::string& prefix, const char* what, int rank) {
  return prefix + what + "/" + std::to_string(rank);
}

}  // namespace

/// Agreeing on a step to stop at by keys and values alone.
class GroupMember::AgentStop {
 public:
  AgentStop(KeyValues& store, const Place& place) : store_(store), place_(place), prefix_(agent_prefix()) {}

  void ask() { store_.set(prefix_ + "stop", "1"); }
  bool wanted() {
    const auto now = std::chrono::steady_clock::now();
    if (!wanted_ && now >= next_look_) {
      next_look_ = now + std::chrono::milliseconds(200);
      wanted_ = store_.check({prefix_ + "stop"});
    }
    return wanted_;
  }
  std::optional<int64_t> step(int64_t own, milliseconds within) {
    store_.set(rank_key(prefix_, "stop_step", place_.rank), std::to_string(own));
    int64_t greatest = own;
    for (int rank = 0; rank < place_.size; ++rank) {
      const auto theirs = store_.get(rank_key(prefix_, "stop_step", rank), within);
      if (!theirs) return std::nullopt;
      greatest = std::max(greatest, static_cast<int64_t>(std::stoll(*theirs)));
    }
    return greatest;
  }

 private:
  KeyValues& store_;
  const Place& place_;
  std::string prefix_;
  bool wanted_ = false;
  std::chrono::steady_clock::time_point next_look_{};
};

/// What a waiting group asks and lets be told.
class GroupMember::Watch final : public GroupWatch {
 public:
  explicit Watch(GroupMember& member) : member_(member) {}

  bool broken() override {
    const std::lock_guard lock(mutex_);
    return !left_ && member_.attendance_ && member_.attendance_->broken();
  }
  void waits() override {
    const std::lock_guard lock(mutex_);
    if (left_ || !member_.stop_wanted()) return;
    const int64_t step = step_.load();
    if (std::exchange(said_, step) == step) return;
    member_.stop_step(step, milliseconds(0));
  }
  void stands_at(int64_t step) { step_.store(step); }
  /// The member is going: groups may live on.
  void leave() {
    const std::lock_guard lock(mutex_);
    left_ = true;
  }

 private:
  GroupMember& member_;
  std::mutex mutex_;
  std::atomic<int64_t> step_{0};
  int64_t said_ = -1;
  bool left_ = false;
};

GroupMember::GroupMember(const Place& place, const JoinOptions& options, const ElasticOptions& elastic)
    : place_(place), options_(options), elastic_(elastic), watch_(std::make_shared<Watch>(*this)) {
  if (place_.store == Place::Store::none) return;
  if (place_.store == Place::Store::torchrun_agent) {
    store_ = torchrun_store(place_.store_address, place_.store_port, options_.patience);
    agent_stop_ = std::make_unique<AgentStop>(*store_, place_);
    return;
  }
  if (place_.store == Place::Store::rank_zero && place_.rank == 0)
    server_ = serve(place_, options_, elastic_);
  store_ = std::make_unique<StoreClient>(endpoint(place_), options_.patience);
  rejoin();
}

GroupMember::~GroupMember() {
  group_.reset();
  if (leaving_.joinable()) leaving_.join();
  watch_->leave();
  attendance_.reset();
  // The others may still have to say their last word.
  for (int i = 0; server_ && i < 200 && server_->status().members > 0; ++i)
    std::this_thread::sleep_for(milliseconds(10));
}

void GroupMember::rejoin() {
  attendance_.reset();
  attendance_ = std::make_shared<Attendance>(endpoint(place_), "rank " + std::to_string(place_.rank),
                                             place_.rank, identity(), options_.patience);
}

Identity GroupMember::identity() const {
  Identity all = options_.identity;
  all["muster.version"] = std::string(version());
  all["comm.slice_bytes"] = std::to_string(options_.slice_bytes);
  all["comm.block"] = std::to_string(options_.block);
  return all;
}

bool GroupMember::elastic() const { return elastic_.min_members > 0 && elastic_.min_members < place_.size; }

// A group with a dead member may take a while to go: nobody waits for it.
Communicator& GroupMember::next_group(int64_t version) {
  if (leaving_.joinable()) leaving_.join();
  if (group_) leaving_ = std::thread([old = std::move(group_)]() mutable { old.reset(); });
  group_ = make_group(version);
  return *group_;
}

std::unique_ptr<Communicator> GroupMember::make_group(int64_t version) {
  if (place_.store == Place::Store::none) return std::make_unique<Solo>();
  if (!attendance_) return first_agent_group();
  while (true) {
    generation_ = attendance_->gather(version);
    std::unique_ptr<Communicator> group;
    std::string problem;
    try {
      group = connect_all("generation/" + std::to_string(generation_.number) + "/");
    } catch (const LostPeer& error) {
      problem = error.what();
    } catch (...) {
      attendance_->confirm(generation_, false);
      throw;
    }
    if (attendance_->confirm(generation_, group != nullptr)) return group;
    if (!elastic()) throw LostPeer(problem.empty() ? "a process was lost while the group formed" : problem);
  }
}

// The group of a whole generation: of two levels where its ranks make up several blocks of several ranks.
std::unique_ptr<Communicator> GroupMember::connect_all(const std::string& prefix) {
  prefix_ = prefix;
  auto all = connect(prefix, generation_.rank, generation_.size);
  const int size = generation_.size, rank = generation_.rank, ranks = options_.block;
  if (ranks < 2 || size % ranks != 0 || size == ranks) return all;
  std::vector<int> block, across;
  for (int other = 0; other < size; ++other) {
    if (other / ranks == rank / ranks) block.push_back(other);
    if (other % ranks == rank % ranks) across.push_back(other);
  }
  auto inside = subgroup("block/" + std::to_string(rank / ranks), block);
  return make_two_level_group(std::move(all), std::move(inside),
                              subgroup("across/" + std::to_string(rank % ranks), across));
}

std::unique_ptr<Communicator> GroupMember::subgroup(const std::string& name, const std::vector<int>& ranks) {
  const auto mine = std::find(ranks.begin(), ranks.end(), generation_.rank);
  invariant(mine != ranks.end(), "a group is made by its own ranks");
  return connect(prefix_ + name + "/", static_cast<int>(mine - ranks.begin()),
                 static_cast<int>(ranks.size()));
}

std::unique_ptr<Communicator> GroupMember::connect(const std::string& prefix, int rank, int size) {
  if (size == 1) return std::make_unique<Solo>();
  LinkOptions links;
  links.interface = options_.interface;
  links.connect_within = elastic() ? elastic_.deadline : options_.patience;
  links.watch = watch_;
  LinkedGroupOptions group;
  group.slice_bytes = options_.slice_bytes;
  group.patience = options_.patience;
  return make_linked_group(Links::connect(*store_, prefix, rank, size, links), watch_, group);
}

// torchrun's store knows keys and values only: the ranks compare identities themselves.
std::unique_ptr<Communicator> GroupMember::first_agent_group() {
  const std::string prefix = agent_prefix();
  store_->set(rank_key(prefix, "identity", place_.rank), to_text(identity()));
  std::string difference;
  for (int rank = 0; rank < place_.size && difference.empty(); ++rank) {
    const auto theirs = store_->get(rank_key(prefix, "identity", rank), options_.patience);
    if (!theirs)
      throw LostPeer("rank " + std::to_string(rank) + " did not come within " +
                     std::to_string(options_.patience.count() / 1000) + " s");
    const auto found = first_difference(identity_from_text(*theirs), identity());
    if (found)
      difference = "this process does not fit rank " + std::to_string(rank) + " of the run: " + *found;
  }
  if (!difference.empty()) throw Error(difference);
  generation_ = {.number = 0, .rank = place_.rank, .size = place_.size};
  return connect_all(prefix + "group/");
}

bool GroupMember::broken() const { return attendance_ && attendance_->broken(); }
bool GroupMember::store_lost() const { return attendance_ && attendance_->store_lost(); }
bool GroupMember::newcomers() const { return attendance_ && attendance_->newcomers(); }
bool GroupMember::expelled() const { return attendance_ && attendance_->expelled(); }

void GroupMember::stands_at(int64_t step) { watch_->stands_at(step); }
void GroupMember::ask_to_stop() {
  if (attendance_) attendance_->ask_to_stop();
  if (agent_stop_) agent_stop_->ask();
}
bool GroupMember::stop_wanted() {
  return attendance_ ? attendance_->stop_wanted() : agent_stop_ && agent_stop_->wanted();
}
std::optional<int64_t> GroupMember::stop_step(int64_t step, milliseconds within) {
  if (attendance_) return attendance_->stop_step(step, within);
  return agent_stop_ ? agent_stop_->step(step, within) : step;
}

}  // namespace muster
