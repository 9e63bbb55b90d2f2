#include <gtest/gtest.h>

#include "muster/links/thread_links.h"
#include "tests/contract/links_contract.h"

namespace muster {
namespace {

TEST(ThreadLinks, KeepTheContract) {
  const contract::LinksMaker maker{.make = [](int size) { return make_thread_links(size); },
                                   .sizes = {2, 3, 5}};
  for (const std::string& broken : contract::check_links(maker)) ADD_FAILURE() << broken;
}

TEST(ThreadLinks, NameTheRanks) {
  const auto links = make_thread_links(2, {"worker 7", "worker 9"});
  EXPECT_EQ(links[0]->name_of(1), "worker 9");
  std::vector<std::byte> memory(3);
  const auto transfer = links[0]->receive(memory, 1, 0);
  links[0]->interrupt();
  try {
    links[0]->wait(*transfer);
    ADD_FAILURE() << "the wait ends without a message";
  } catch (const LostPeer& lost) {
    EXPECT_STREQ(lost.what(), "worker 9 did not answer");
  }
}

TEST(ThreadLinks, RefuseAMessageOfAnotherLength) {
  const auto links = make_thread_links(2);
  std::vector<std::byte> three(3), four(4);
  const auto sent = links[0]->send(three, 1, 0);
  const auto received = links[1]->receive(four, 0, 0);
  EXPECT_THROW(links[1]->wait(*received), LostPeer);
}

}  // namespace
}  // namespace muster
