#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "muster/comm/communicator.h"
#include "muster/comm/join_group.h"
#include "muster/rendezvous/attendance.h"

namespace muster::inline rendezvous {
class StoreClient;
class StoreServer;
}  // namespace muster::inline rendezvous

namespace muster::inline comm {

/// Options of runs that survive the loss of workers.
struct ElasticOptions {
  int min_members = 0;  ///< 0: all processes; fewer: the run is elastic
  /// A member not heard of for so long is dead. For the store that this process serves; else its store
  /// decides.
  std::chrono::milliseconds deadline = std::chrono::seconds(10);
  /// A member of an elastic run that has lost the store tries for so long to reach it again.
  std::chrono::milliseconds come_back = std::chrono::minutes(2);
};

/// This process as a member of its run: joins the run's store, and takes part in one generation of the group
/// after the other. Outlives the groups that it makes.
class GroupMember {
 public:
  /// Where this process serves the store (Place::Store::rank_zero), it does so until the others have left.
  /// Throws Error when the run refuses this process, naming what differs; LostPeer when the store does not
  /// answer.
  GroupMember(const Place& place, const JoinOptions& options, const ElasticOptions& elastic = {});
  ~GroupMember();
  GroupMember(const GroupMember&) = delete;
  GroupMember& operator=(const GroupMember&) = delete;

  /// The next generation's group, when all its members are connected. `version`: meetings whose outcome this
  /// process holds, -1: none. A member of an elastic run that was taken for dead, or has lost the store,
  /// joins it anew first. Throws LostPeer when there will be no group: the store is gone (then the present
  /// group still stands), or see Attendance::gather.
  Communicator& next_group(int64_t version);
  /// The state that this process brought to the last gathering counts: no generation was formed without it
  /// since.
  bool counts() const { return counts_; }
  /// Leaves the others for good: a group of this process alone, to end in good order where no other group can
  /// be made any more.
  Communicator& go_alone();
  /// The group made last, and its generation. REQUIRES: next_group() was called.
  Communicator& group() { return *group_; }
  const Generation& generation() const { return generation_; }
  /// How the ranks of the group made last are linked; nothing where this process is alone.
  std::optional<LinkKind> links() const { return kind_of_links_; }
  /// A further group, of some of the present generation's ranks, rising. Called by these alone, with the same
  /// name and ranks; no two groups of a generation that share a rank have the same name. Throws LostPeer.
  /// REQUIRES: this process's rank is one of them.
  std::unique_ptr<Communicator> subgroup(const std::string& name, const std::vector<int>& ranks);

  const Place& place() const { return place_; }
  bool elastic() const;
  /// A process that is not heard of for so long counts as dead: what the store says, where there is one.
  std::chrono::milliseconds deadline() const;
  /// Keys and values that all processes of the run see as long as its store stands; null where this process
  /// is alone.
  KeyValues* store() const { return store_.get(); }
  /// What keys in it begin with where every attempt of the run has keys of its own.
  std::string key_prefix() const;
  /// The present generation has lost a member: gather again. Costs no message.
  bool broken() const;
  /// Newcomers wait: gather again after the next meeting. Costs no message.
  bool newcomers() const;
  /// This process was taken for dead.
  bool expelled() const;
  /// The store, without which no other group can be made, cannot be reached; the present group still works.
  bool store_lost() const;
  /// store_lost(), and for good: next_group() has tried to reach it in vain, or the run is not elastic.
  bool store_gone() const { return gone_ || (store_lost() && !elastic()); }

  /// Agreement on a step to stop at, see Attendance. While this process waits in an operation of the group,
  /// the step that was last given to stands_at() is reported for it.
  void stands_at(int64_t step);
  void ask_to_stop();
  bool stop_wanted();
  std::optional<int64_t> stop_step(int64_t step, std::chrono::milliseconds within);

 private:
  class AgentStop;
  class Watch;

  void attend(std::chrono::milliseconds within);
  void rejoin();
  std::unique_ptr<Communicator> make_group(int64_t version);
  std::unique_ptr<Communicator> first_agent_group();
  std::unique_ptr<Communicator> connect_all(const std::string& prefix);
  std::unique_ptr<Communicator> connect(const std::string& prefix, const std::vector<int>& ranks);
  Identity identity() const;

  Place place_;
  JoinOptions options_;
  ElasticOptions elastic_;
  std::unique_ptr<StoreServer> server_;     // where this process serves the store
  std::unique_ptr<KeyValues> store_;        // none where the process is alone
  StoreClient* client_ = nullptr;           // the same, where the store is Muster's own
  std::shared_ptr<Attendance> attendance_;  // none with torchrun's store
  std::unique_ptr<AgentStop> agent_stop_;   // with torchrun's store
  std::shared_ptr<Watch> watch_;
  Generation generation_{.number = -1};
  int64_t process_;  // a number of this process's own
  bool counts_ = true;
  bool gone_ = false;
  std::string prefix_;  // of the present generation's keys
  std::unique_ptr<Communicator> group_;
  std::thread leaving_;  // takes down the group before the present one
  std::optional<LinkKind> kind_of_links_;
};

}  // namespace muster::inline comm
