#include "muster/rounds/inner_meeting.h"

#include "muster/base/error.h"
#include "muster/comm/local_mean.h"

namespace muster::inline rounds {

InnerMeeting::InnerMeeting(const Grouping& grouping, int64_t period, Communicator* group, ThreadPool& pool)
    : grouping_(grouping), period_(period), pool_(pool) {
  grouping_.validate();
  invariant(grouping_.group_size > 1 && period_ >= 1, "groups have several workers that meet now and then");
  invariant(grouping_.spans_processes() == (group != nullptr) &&
                (!group || group->size() == grouping_.processes_per_group()),
            "groups of several processes, and they alone, meet over a communicator of theirs");
  if (group) averager_.emplace(*group, pool_);
}

void InnerMeeting::average(const std::vector<Vector>& vectors, Deadline deadline) {
  invariant(static_cast<int64_t>(vectors.size()) == grouping_.hosted(),
            "a group's meeting takes a vector of every hosted worker");
  if (averager_) {
    averager_->meet({.vectors = {{.replicas = vectors}}}, deadline);
    return;
  }
  for (auto first = vectors.begin(); first != vectors.end(); first += grouping_.group_size)
    local_mean({first, first + grouping_.group_size}, Vector(), {.divergence = false, .write_back = true},
               pool_);
}

}  // namespace muster::inline rounds
