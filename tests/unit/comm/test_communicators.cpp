#include <gmock/gmock.h>

#include "muster/comm/solo.h"
#include "muster/comm/thread_group.h"
#include "tests/contract/communicator_contract.h"
#include "tests/support/far_memory.h"

namespace muster {
namespace {

using contract::check_communicator;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

contract::Group solo(int) {
  contract::Group group;
  group.push_back(std::make_unique<Solo>());
  return group;
}

contract::Group threads(int size) { return ThreadGroup::make(size); }

TEST(CommunicatorContract, SoloKeepsIt) { EXPECT_THAT(check_communicator({solo, {1}}), IsEmpty()); }

TEST(CommunicatorContract, ThreadGroupKeepsIt) { EXPECT_THAT(check_communicator({threads}), IsEmpty()); }

/// Writes to the vector while a mean is under way, and receives a gathered part elsewhere.
class Broken final : public Communicator {
 public:
  explicit Broken(std::unique_ptr<Communicator> inner) : inner_(std::move(inner)) {}
  int rank() const override { return inner_->rank(); }
  int size() const override { return inner_->size(); }
  std::unique_ptr<Pending> start_mean(const Vector& vector, Vector& mean) override {
    auto pending = inner_->start_mean(vector, mean);
    if (rank() == 0) add(vector, contract::filled(vector.size(), 1.0F));
    return pending;
  }
  std::unique_ptr<Pending> start_exchange(const std::vector<Vector>& parts,
                                          std::vector<Vector>& received) override {
    return inner_->start_exchange(parts, received);
  }
  std::unique_ptr<Pending> start_gather(const Vector& part, std::vector<Vector>& received) override {
    auto pending = inner_->start_gather(part, received);
    received[0] = received[0].copy();
    return pending;
  }
  void broadcast(Vector& vector, int root) override { inner_->broadcast(vector, root); }

 private:
  std::unique_ptr<Communicator> inner_;
};

TEST(CommunicatorContract, FindsBrokenPromises) {
  const auto broken = check_communicator({[](int size) {
                                            contract::Group group;
                                            for (auto& rank : ThreadGroup::make(size))
                                              group.push_back(std::make_unique<Broken>(std::move(rank)));
                                            return group;
                                          },
                                          {2}});
  EXPECT_THAT(broken, Contains(HasSubstr("a failed wait changes the vector")));
  EXPECT_THAT(broken, Contains(HasSubstr("gather: the part of rank 0 is wrong")));
}

TEST(ThreadGroup, BroadcastWaitsNoLongerThanItsPatience) {
  auto group = ThreadGroup::make(2, std::chrono::milliseconds(50));
  Vector vector = flat_vector(3);
  EXPECT_THROW(group[0]->broadcast(vector, 0), LostPeer);
}

// A rank may be done and gone before the others have looked at a result that it took part in.
TEST(ThreadGroup, ACompleteOperationOutlivesItsRanks) {
  auto group = ThreadGroup::make(2);
  Vector one = contract::filled(3, 1.0F), two = contract::filled(3, 2.0F);
  const auto first = group[0]->start_mean(one, one), second = group[1]->start_mean(two, two);
  group[1].reset();
  EXPECT_NO_THROW(first->wait(deadline_in(std::chrono::milliseconds(0))));
  EXPECT_EQ(one.data<float>()[0], 1.5F);
  EXPECT_EQ(two.data<float>()[0], 2);  // never asked for
}

TEST(ThreadGroup, DifferentOperationsAreAnError) {
  auto group = ThreadGroup::make(2);
  Vector one = flat_vector(3), two = flat_vector(3);
  std::vector<Vector> received = {flat_vector(3), flat_vector(3)};
  const auto mean = group[0]->start_mean(one, one);
  const auto gather = group[1]->start_gather(two, received);
  EXPECT_THROW(mean->wait(contract::soon()), Error);
  EXPECT_THROW(gather->wait(contract::soon()), Error);
}

TEST(ThreadGroup, AMessageNamesRanksAndLengths) {
  auto group = ThreadGroup::make(2);
  Vector one = flat_vector(3), two = flat_vector(4);
  const auto first = group[0]->start_mean(one, one), second = group[1]->start_mean(two, two);
  try {
    first->wait(contract::soon());
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("rank 1 brought 4 elements of type Float, rank 0 3 elements of type Float"));
  }
}

TEST(Communicators, RefuseWhatTheyCannotCarry) {
  Solo alone;
  Vector integers = flat_vector(4, ElementType::int64), far = test::far_vector(4), none,
         vector = flat_vector(4);
  std::vector<Vector> nothing, shorter = {flat_vector(3)};
  EXPECT_THROW(alone.start_mean(integers, integers), Error);
  EXPECT_THROW(alone.start_mean(far, far), Error);
  EXPECT_THROW(alone.start_mean(none, none), Error);
  EXPECT_THROW(alone.broadcast(far, 0), Error);
  EXPECT_THROW(alone.start_gather(vector, nothing), Error);
  EXPECT_THROW(alone.start_gather(vector, shorter), Error);
  EXPECT_THROW(alone.start_exchange({vector, vector}, shorter), Error);
  EXPECT_THROW(alone.broadcast(vector, -1), Error);
  auto group = ThreadGroup::make(2);
  EXPECT_THROW(group[0]->start_mean(integers, integers), Error);
  EXPECT_THROW(group[0]->start_exchange({vector}, shorter), Error);
}

}  // namespace
}  // namespace muster
