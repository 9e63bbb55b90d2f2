#pragma once

#include <string>

#include "muster/comm/averager.h"
#include "muster/comm/group_member.h"
#include "muster/method/synchronous.h"
#include "muster/task/samplers/resharing_sampler.h"
#include "muster/train/run_record.h"

namespace muster::inline train {

/// The objects that take an elastic run from one generation of its group to the next. Borrowed.
struct RegroupingParts {
  GroupMember& member;
  Averager& averager;
  Synchronous& method;
  ResharingSampler& sampler;
  RunRecord& record;
};

/// Makes the next generation's group from the surviving members and the newcomers, and brings all to the same
/// state: a member that holds the outcomes of fewer meetings than others receives the run's state from one
/// that holds the most, and makes the present round from its start. Repeats until a group stands.
/// docs/elastic.md describes the protocol.
class Regrouping {
 public:
  explicit Regrouping(RegroupingParts parts) : parts_(parts) {}

  enum class Outcome {
    goes_on,       ///< the group stands, and all its members hold the run's state
    begins_again,  ///< the group stands, and no member holds the run's state: all begin together
    no_store,      ///< no group can be made any more; the present one is left as it is
  };
  /// Called by a member of the run that has lost a peer or the store, or admits newcomers. Throws LostPeer
  /// when too few members are left for a group.
  Outcome regroup();
  /// Called by a process without a state whose group has just been made: takes the state from the others.
  Outcome enter();
  /// After no_store, where the present group is lost, too: goes on as a group of this process alone.
  void go_alone();
  /// Whether this process has gone alone, or is the last of a run without a store: no other group can follow.
  bool alone() const { return parts_.member.store_gone() && parts_.averager.group().size() == 1; }

  /// How the samples are shared out among the processes, to and from a checkpoint.
  Numbers sharing() const { return parts_.sampler.state(); }
  void restore_sharing(const Numbers& sharing);

  /// The folder that the run writes to, as a newcomer learned it from the others; empty: it did not.
  const std::string& folder() const { return folder_; }
  void set_folder(const std::string& folder) { folder_ = folder; }

  /// From now on this process holds a state that others may need: all have begun together.
  void begin() { holds_state_ = true; }

 private:
  bool next_group();
  bool synchronise();
  void share_data(bool entered);
  State handed_over() const;
  void take_over(const State& state);

  RegroupingParts parts_;
  std::string folder_;
  bool holds_state_ = false;
};

}  // namespace muster::inline train
