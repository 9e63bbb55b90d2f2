#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "muster/base/error.h"
#include "muster/rendezvous/request_handler.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A handler whose messages are read at once, in the order in which they are sent.
class DeskTest : public testing::Test {
 protected:
  struct Heard {
    RequestHandler::Connection to;
    int64_t number;  ///< of the request; 0: news
    Outcome outcome;
    std::string fields;
  };

  std::vector<Heard> ask(RequestHandler::Connection from, const MessageWriter& request) {
    const std::string frame = request.frame();
    handler_.receive(from, std::string_view(frame).substr(4), {});
    std::vector<Heard> heard;
    for (const RequestHandler::OutgoingMessage& message : handler_.take_messages()) {
      MessageReader reader(std::string_view(message.frame).substr(4));
      const int64_t number = reader.number();
      const auto outcome = static_cast<Outcome>(reader.byte());
      heard.push_back({message.to, number, outcome, std::string(reader.rest())});
    }
    return heard;
  }
  std::vector<Heard> join(RequestHandler::Connection from, const std::string& name) {
    return ask(from, request_of(Request::join, 1).text(name).number(-1).text("version=1\n").number(0));
  }
  std::vector<Heard> gather(RequestHandler::Connection from, int64_t number) {
    return ask(from, request_of(Request::gather, number).number(-1).number(-1));
  }

  RequestHandler handler_{{.expected = 2, .min_members = 2}};
};

TEST_F(DeskTest, NewsOfTheOldGenerationComeBeforeTheNewOne) {
  for (const RequestHandler::Connection member : {1, 2})
    ASSERT_EQ(join(member, "m" + std::to_string(member)).size(), 1U);
  gather(1, 2);
  ASSERT_EQ(gather(2, 2).size(), 2U);
  for (const RequestHandler::Connection member : {1, 2})
    ask(member, request_of(Request::confirm, 3).number(0).byte(1));
  join(3, "m3");
  const auto announced = gather(3, 2);
  ASSERT_EQ(announced.size(), 2U);
  for (const Heard& heard : announced) EXPECT_EQ(heard.number, 0);
  gather(1, 4);
  std::vector<int64_t> numbers;
  for (const Heard& heard : gather(2, 4))
    if (heard.to == 1) numbers.push_back(heard.number);
  EXPECT_THAT(numbers, ElementsAre(0, 4));
}

TEST_F(DeskTest, WhoWaitsIsToldForWhom) {
  join(1, "m1");
  gather(1, 2);
  const auto heard = ask(1, request_of(Request::missing, 3));
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard[0].number, 3);
  MessageReader reader(heard[0].fields);
  const Missing missing = missing_from(reader);
  EXPECT_THAT(missing.names, ElementsAre("rank 0"));  // nobody has wished for a rank
  EXPECT_EQ(missing.here, 1);
}

TEST_F(DeskTest, OnlyMembersAskWhatIsForMembers) {
  for (const Request kind : {Request::gather, Request::ask_to_stop, Request::leave}) {
    const auto heard =
        ask(1, kind == Request::gather ? request_of(kind, 7).number(-1).number(-1) : request_of(kind, 7));
    ASSERT_EQ(heard.size(), 1U);
    EXPECT_EQ(heard[0].outcome, Outcome::refused);
    EXPECT_THAT(heard[0].fields, HasSubstr("join first"));
  }
}

TEST_F(DeskTest, AMemberThatHasLeftIsNoneAnyMore) {
  join(1, "m1");
  ask(1, request_of(Request::leave, 2));
  EXPECT_EQ(gather(1, 3).at(0).outcome, Outcome::refused);
  EXPECT_EQ(handler_.membership().living(), 0);
}

TEST_F(DeskTest, OneDoesNotGatherTwice) {
  join(1, "m1");
  EXPECT_TRUE(gather(1, 2).empty());
  EXPECT_EQ(gather(1, 3).at(0).outcome, Outcome::refused);
}

TEST_F(DeskTest, ThrowsAtWhatIsNoRequest) {
  for (const MessageWriter& nonsense :
       {MessageWriter(), MessageWriter().byte(1), request_of(Request::count, 0),
        request_of(Request::count, -1), request_of(static_cast<Request>(0), 1),
        request_of(static_cast<Request>(20), 1), request_of(static_cast<Request>(99), 1),
        request_of(Request::count, 1).byte(0), request_of(Request::join, 1).text("a").number(-2).text("")})
    EXPECT_THROW(ask(1, nonsense), DataError);
}

}  // namespace
}  // namespace muster
