#include "muster/comm/join_group.h"

#include <utility>

#include "muster/comm/group_member.h"

namespace muster::inline comm {

namespace {

/// A group together with the membership that it rests on.
class JoinedGroup final : public Communicator {
 public:
  explicit JoinedGroup(std::unique_ptr<GroupMember> member)
      : member_(std::move(member)), group_(member_->next_group(0)) {}

  int rank() const override { return group_.rank(); }
  int size() const override { return group_.size(); }
  std::unique_ptr<Pending> start_mean(const Vector& vector, Vector& mean) override {
    return group_.start_mean(vector, mean);
  }
  std::unique_ptr<Pending> start_exchange(const std::vector<Vector>& parts,
                                          std::vector<Vector>& received) override {
    return group_.start_exchange(parts, received);
  }
  std::unique_ptr<Pending> start_gather(const Vector& part, std::vector<Vector>& received) override {
    return group_.start_gather(part, received);
  }
  void broadcast(Vector& vector, int root) override { group_.broadcast(vector, root); }

 private:
  std::unique_ptr<GroupMember> member_;
  Communicator& group_;
};

}  // namespace

std::unique_ptr<Communicator> join_group(const JoinOptions& options) {
  return join_group(find_place(), options);
}

std::unique_ptr<Communicator> join_group(const Place& place, const JoinOptions& options) {
  return std::make_unique<JoinedGroup>(std::make_unique<GroupMember>(place, options));
}

}  // namespace muster::inline comm
