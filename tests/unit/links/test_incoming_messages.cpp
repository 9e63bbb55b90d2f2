#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "muster/links/incoming_messages.h"
#include "muster/links/outgoing_messages.h"

namespace muster {
namespace {

using Bytes = std::vector<std::byte>;

/// A lane in memory of this process, and both its ends.
class LaneTest : public testing::Test {
 protected:
  static constexpr LaneShape shape{.slot_bytes = 128, .slots = 3};

  Lane lane() { return {.lines = lines_.data(), .bytes = bytes_.data(), .shape = shape}; }
  std::unique_ptr<HostTransfer> receive(Bytes& memory, int tag = 1) {
    return incoming_->add(incoming_, memory, tag);
  }
  /// A slot as a broken writer might leave it.
  void write(int slot, uint64_t number, const LanePiece& piece) {
    lines_[static_cast<size_t>(slot)].piece = piece;
    lines_[static_cast<size_t>(slot)].number.store(number);
  }

  std::array<SlotLine, shape.slots> lines_{};
  std::array<std::byte, shape.slots * shape.slot_bytes> bytes_{};
  Bell receivers_{}, senders_{};
  std::shared_ptr<OutgoingMessages> outgoing_ = std::make_shared<OutgoingMessages>(lane(), receivers_, 1);
  std::shared_ptr<IncomingMessages> incoming_ = std::make_shared<IncomingMessages>(lane(), senders_, 0);
};

TEST_F(LaneTest, WhatNobodyAskedForStaysInItsSlots) {
  const Bytes memory(300, std::byte{5});
  const auto sent = outgoing_->add(outgoing_, memory, 1);
  EXPECT_TRUE(sent->over());  // three slots
  EXPECT_TRUE(incoming_->advance());
  EXPECT_FALSE(incoming_->advance());
  const auto behind = outgoing_->add(outgoing_, memory, 2);
  EXPECT_FALSE(outgoing_->advance());
  Bytes come(300), come_behind(300);
  const auto received = receive(come, 1);
  EXPECT_TRUE(received->over());
  EXPECT_EQ(come, memory);
  EXPECT_TRUE(outgoing_->advance());
  EXPECT_TRUE(behind->over());
  EXPECT_TRUE(receive(come_behind, 2)->over());
  EXPECT_EQ(come_behind, memory);
}

TEST_F(LaneTest, MakesRoomOnlyWhereAllSlotsAreHeld) {
  const Bytes first(256, std::byte{1}), second(256, std::byte{2});
  const auto sent = outgoing_->add(outgoing_, first, 1);
  incoming_->advance();
  EXPECT_FALSE(incoming_->make_room());
  const auto behind = outgoing_->add(outgoing_, second, 2);
  incoming_->advance();
  EXPECT_TRUE(incoming_->make_room());
  EXPECT_TRUE(outgoing_->advance());
  EXPECT_TRUE(behind->over());
  incoming_->advance();
  Bytes come(256);
  EXPECT_TRUE(receive(come, 2)->over());
  EXPECT_EQ(come, second);
  EXPECT_TRUE(receive(come, 1)->over());  // one piece of it was moved, the other was not
  EXPECT_EQ(come, first);
}

TEST_F(LaneTest, ShowsAMessageWhereItIsOrWhereItHadToGo) {
  const Bytes memory(128, std::byte{4});
  std::vector<std::unique_ptr<HostTransfer>> sent;
  for (int tag = 0; tag < 3; ++tag) sent.push_back(outgoing_->add(outgoing_, memory, tag));
  incoming_->advance();
  EXPECT_TRUE(incoming_->make_room());  // the one of tag 0
  for (int tag = 0; tag < 3; ++tag) {
    const auto view = incoming_->add_anywhere(incoming_, 128, tag);
    EXPECT_TRUE(view->over());
    EXPECT_TRUE(std::ranges::equal(view->bytes(), memory));
    const bool in_slots = view->bytes().data() >= bytes_.data() && view->bytes().data() < &bytes_.back();
    EXPECT_EQ(in_slots, tag > 0);
  }
  for (const SlotLine& line : lines_) EXPECT_EQ(line.number.load(), 0U);
}

/// Whatever the sender writes, nothing is written past what was asked for.
TEST_F(LaneTest, NoticesWhatIsNoMessage) {
  const std::vector<LanePiece> broken = {
      {.tag = 1, .message_bytes = 100, .offset = 0, .bytes = 129},
      {.tag = 1, .message_bytes = 100, .offset = 0, .bytes = 101},
      {.tag = 1, .message_bytes = 100, .offset = 50, .bytes = 50},
      {.tag = 1, .message_bytes = 100, .offset = 0, .bytes = 0},
      {.tag = 1, .message_bytes = 100, .offset = 0, .bytes = 60},
      {.tag = 1, .message_bytes = 1000, .offset = 0, .bytes = UINT64_MAX},
  };
  for (const LanePiece& piece : broken) {
    for (SlotLine& line : lines_) line.number.store(0);
    incoming_ = std::make_shared<IncomingMessages>(lane(), senders_, 0);
    Bytes memory(100);
    const auto received = receive(memory);
    write(2, 1, piece);
    incoming_->advance();
    EXPECT_TRUE(incoming_->broken());
    EXPECT_FALSE(received->over());
    EXPECT_EQ(memory, Bytes(100));
  }
}

TEST_F(LaneTest, NoticesPiecesOfAnotherMessage) {
  for (const bool other_tag : {true, false}) {
    for (SlotLine& line : lines_) line.number.store(0);
    incoming_ = std::make_shared<IncomingMessages>(lane(), senders_, 0);
    Bytes memory(200);
    const auto received = receive(memory);
    write(0, 1, {.tag = 1, .message_bytes = 200, .offset = 0, .bytes = 128});
    write(1, 2,
          {.tag = other_tag ? 2 : 1, .message_bytes = 200, .offset = other_tag ? 128U : 64U, .bytes = 72});
    incoming_->advance();
    EXPECT_TRUE(incoming_->broken());
    EXPECT_FALSE(received->over());
  }
}

/// A slot that was being written when the writer died is not there.
TEST_F(LaneTest, TakesNothingThatWasNotPublished) {
  Bytes memory(100);
  const auto received = receive(memory);
  lines_[0].piece = {.tag = 1, .message_bytes = 100, .offset = 0, .bytes = 100};
  std::memset(bytes_.data(), 9, bytes_.size());
  EXPECT_FALSE(incoming_->advance());
  write(1, 7, {.tag = 1, .message_bytes = 100, .offset = 0, .bytes = 100});  // not the next number
  EXPECT_FALSE(incoming_->advance());
  EXPECT_FALSE(received->over());
}

TEST_F(LaneTest, ReceiversThatWaitNoMoreDropTheirMessage) {
  Bytes first(200), second(200);
  auto given_up = receive(first);
  const auto received = receive(second);
  const Bytes one(200, std::byte{1}), two(200, std::byte{2});
  const auto sent_one = outgoing_->add(outgoing_, one, 1);
  const auto sent_two = outgoing_->add(outgoing_, two, 1);
  given_up.reset();
  while (incoming_->advance() || outgoing_->advance()) {
  }
  EXPECT_TRUE(received->over());
  EXPECT_EQ(second, two);
  EXPECT_EQ(first, Bytes(200));
}

}  // namespace
}  // namespace muster
