#pragma once

#include <string>

#include "muster/comm/averager.h"
#include "muster/comm/group_member.h"
#include "muster/method/synchronous.h"
#include "muster/task/samplers/resharing_sampler.h"
#include "muster/train/run_record.h"

namespace muster {

/// What an elastic run is carried on with, from one generation of its group to the next. Borrowed.
struct RegroupingParts {
  GroupMember& member;
  Averager& averager;
  Synchronous& method;
  ResharingSampler& sampler;
  RunRecord& record;
};

/// Makes the next generation's group of those who live and those who have come, and brings all to the same
/// state: whoever holds the outcome of fewer meetings than the others takes the run's state from one who
/// holds the most, and makes the present round from its start. Repeats that until a group stands.
/// docs/elastic.md tells the protocol.
class Regrouping {
 public:
  explicit Regrouping(RegroupingParts parts) : parts_(parts) {}

  enum class Outcome {
    goes_on,       ///< the group stands, and all its members hold the run's state
    begins_again,  ///< the group stands, and nobody in it holds the run's state: all begin together
    no_store,      ///< no group can be made any more; the present one is left as it is
  };
  /// For a member of the run, that has lost a peer or the store, or lets newcomers in. Throws LostPeer when
  /// there will be no group: too few members.
  Outcome regroup();
  /// For a process that brings nothing, whose group has just been made: takes the state from the others.
  Outcome enter();
  /// After no_store, where the present group is lost, too: goes on as a group of this process alone.
  void go_alone();
  /// Has gone alone, or is the last one of a run without a store: there is no other group any more.
  bool alone() const { return parts_.member.store_gone() && parts_.averager.group().size() == 1; }

  /// How the data are shared out, for a checkpoint, and from one.
  Numbers sharing() const { return parts_.sampler.state(); }
  void restore_sharing(const Numbers& sharing);

  /// Where the run writes, as the others told one who entered; empty: they did not.
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

}  // namespace muster
