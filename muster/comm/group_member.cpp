#include "muster/comm/group_member.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <numeric>
#include <random>
#include <thread>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/version.h"
#include "muster/comm/linked_group.h"
#include "muster/comm/solo.h"
#include "muster/comm/two_level_group.h"
#include "muster/links/connect_links.h"
#include "muster/links/group_watch.h"
#include "muster/rendezvous/store_client.h"
#include "muster/rendezvous/store_server.h"

namespace muster::inline comm {

namespace {

using std::chrono::milliseconds;

StoreEndpoint endpoint(const Place& place, bool has_stood) {
  return {place.store_address, place.store_port, place.token, has_stood};
}

int64_t random_number() {
  std::random_device device;
  return static_cast<int64_t>((uint64_t{device()} << 31 ^ device()) | 1U);
}

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

/// Agreement on a step to stop at, by keys and values alone.
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

/// What a waiting group asks of its member and reports through it.
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
  std::optional<milliseconds> patience() override {
    const std::lock_guard lock(mutex_);
    if (left_ || !member_.store_lost()) return std::nullopt;
    return member_.deadline();
  }
  void stands_at(int64_t step) { step_.store(step); }
  /// Replaces the member's attendance under the lock, so that no other thread uses it meanwhile.
  void replace(std::shared_ptr<Attendance> attendance) {
    const std::lock_guard lock(mutex_);
    std::swap(member_.attendance_, attendance);
    said_ = -1;
  }
  /// The member is being destroyed; its groups may live on.
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
    : place_(place),
      options_(options),
      elastic_(elastic),
      watch_(std::make_shared<Watch>(*this)),
      process_(random_number()) {
  if (place_.store == Place::Store::none) return;
  if (place_.store == Place::Store::torchrun_agent) {
    if (!options_.agent_store)
      throw Error(
          "torchrun started this process, and nothing was given that speaks to torchrun's store: set "
          "JoinOptions::agent_store, to torchrun_store of muster/libtorch/torchrun_store.h for example");
    store_ = options_.agent_store(place_.store_address, place_.store_port, options_.patience,
                                  options_.waits.get());
    agent_stop_ = std::make_unique<AgentStop>(*store_, place_);
    return;
  }
  if (place_.store == Place::Store::rank_zero && place_.rank == 0)
    server_ = serve(place_, options_, elastic_);
  auto client =
      std::make_unique<StoreClient>(endpoint(place_, false), options_.patience, options_.waits.get());
  client_ = client.get();
  store_ = std::move(client);
  attend(options_.patience);
}

GroupMember::~GroupMember() {
  group_.reset();
  if (leaving_.joinable()) leaving_.join();
  watch_->leave();
  attendance_.reset();
  // Serves the store until the other members have left, for 2 s at most.
  for (int i = 0; server_ && i < 200 && server_->status().members > 0; ++i)
    std::this_thread::sleep_for(milliseconds(10));
}

void GroupMember::attend(milliseconds within) {
  const StoreEndpoint store = endpoint(place_, true);
  auto attendance = std::make_shared<Attendance>(store, "rank " + std::to_string(place_.rank), place_.rank,
                                                 identity(), within, process_, options_.waits.get());
  watch_->replace(std::move(attendance));
}

Identity GroupMember::identity() const {
  Identity all = options_.identity;
  all["muster.version"] = std::string(version());
  all["comm.slice_bytes"] = std::to_string(options_.slice_bytes);
  all["comm.links"] = std::string(name_of(options_.links));
  all["comm.block"] = std::to_string(options_.block);
  return all;
}

std::string GroupMember::key_prefix() const {
  return place_.store == Place::Store::torchrun_agent ? agent_prefix() : "";
}

milliseconds GroupMember::deadline() const { return attendance_ ? attendance_->lease() : elastic_.deadline; }

bool GroupMember::elastic() const { return elastic_.min_members > 0 && elastic_.min_members < place_.size; }

// A group with a dead member may take a while to end: another thread destroys it.
Communicator& GroupMember::next_group(int64_t version) {
  counts_ = true;
  while (true) {
    if (elastic() && (expelled() || store_lost())) rejoin();
    if (leaving_.joinable()) leaving_.join();
    if (group_) leaving_ = std::thread([old = std::move(group_)]() mutable { old.reset(); });
    try {
      group_ = make_group(version);
      return *group_;
    } catch (const LostPeer&) {
      if (!elastic() || !(expelled() || store_lost())) throw;
      if (!counts_) version = -1;
    }
  }
}

// A call to the store that this process slept through has been given up.
void GroupMember::rejoin() {
  if (gone_) throw LostPeer("the store of the run is gone");
  try {
    client_->reconnect(elastic_.come_back);
    attend(elastic_.come_back);
  } catch (const LostPeer&) {
    gone_ = true;
    throw;
  }
}

Communicator& GroupMember::go_alone() {
  if (leaving_.joinable()) leaving_.join();
  if (group_) leaving_ = std::thread([old = std::move(group_)]() mutable { old.reset(); });
  kind_of_links_.reset();
  generation_.rank = 0;
  generation_.size = 1;
  generation_.versions = {0};
  generation_.names = {"rank " + std::to_string(place_.rank)};
  group_ = std::make_unique<Solo>();
  return *group_;
}

std::unique_ptr<Communicator> GroupMember::make_group(int64_t version) {
  if (place_.store == Place::Store::none) return std::make_unique<Solo>();
  if (!attendance_) return first_agent_group();
  while (true) {
    generation_ = attendance_->gather(version, generation_.number);
    if (version >= 0 && generation_.versions.at(static_cast<size_t>(generation_.rank)) < 0) {
      counts_ = false;
      version = -1;
    }
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
    if (elastic() && client_->lost()) client_->reconnect(elastic_.come_back);
    if (!elastic()) throw LostPeer(problem.empty() ? "a process was lost while the group formed" : problem);
  }
}

// The group of a whole generation: of two levels where its ranks make up several blocks of several ranks.
std::unique_ptr<Communicator> GroupMember::connect_all(const std::string& prefix) {
  prefix_ = prefix;
  kind_of_links_.reset();
  const int size = generation_.size, rank = generation_.rank, ranks = options_.block;
  std::vector<int> everybody(static_cast<size_t>(size));
  std::iota(everybody.begin(), everybody.end(), 0);
  auto all = connect(prefix, everybody);
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
  return connect(prefix_ + name + "/", ranks);
}

std::unique_ptr<Communicator> GroupMember::connect(const std::string& prefix, const std::vector<int>& ranks) {
  const auto mine = std::find(ranks.begin(), ranks.end(), generation_.rank);
  invariant(mine != ranks.end(), "a group is made by its own ranks");
  const auto rank = static_cast<int>(mine - ranks.begin()), size = static_cast<int>(ranks.size());
  if (size == 1) return std::make_unique<Solo>();
  LinkOptions links;
  links.waits = options_.waits;
  for (const int other : ranks) links.names.push_back(generation_.names.at(static_cast<size_t>(other)));
  links.interface = options_.interface;
  links.connect_within = elastic() ? deadline() : options_.patience;
  links.watch = watch_;
  LinkedGroupOptions group;
  group.slice_bytes = options_.slice_bytes;
  group.patience = options_.patience;
  group.waits = options_.waits;
  ConnectedLinks connected = connect_links(options_.links, *store_, prefix, rank, size, links);
  if (prefix == prefix_) kind_of_links_ = connected.kind;
  return make_linked_group(std::move(connected.links), watch_, group);
}

// torchrun's store knows keys and values only: the ranks compare identities themselves.
std::unique_ptr<Communicator> GroupMember::first_agent_group() {
  const std::string prefix = agent_prefix();
  store_->set(rank_key(prefix, "identity", place_.rank), to_text(identity()));
  std::string difference;
  for (int rank = 0; rank < place_.size && difference.empty(); ++rank) {
    const Waits::Note note(options_.waits.get(),
                           {.whom = "rank " + std::to_string(rank),
                            .where = "to come",
                            .until = std::chrono::steady_clock::now() + options_.patience});
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
  for (int rank = 0; rank < place_.size; ++rank) generation_.names.push_back("rank " + std::to_string(rank));
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

}  // namespace muster::inline comm
