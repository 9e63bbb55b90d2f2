#include <gtest/gtest.h>

#include <string>

#include "muster/base/crc32c.h"
#include "muster/base/error.h"
#include "muster/base/random.h"
#include "muster/serve/parts.h"

namespace muster {
namespace {

std::string message_of(size_t size) {
  std::string message(size, '\0');
  for (size_t i = 0; i < size; ++i) message[i] = static_cast<char>(31 * i);
  return message;
}

TEST(Parts, PutAMessageTogetherAgain) {
  for (const size_t size : {size_t{1}, size_t{15}, size_t{16}, size_t{17}, size_t{100}}) {
    const std::string message = message_of(size);
    std::string memory(size, '\0');
    PartsReceiver receiver(memory.data(), static_cast<int64_t>(size), 16);
    PartsSender sender(message, 16);
    for (auto part = sender.next(); !part.empty(); part = sender.next()) receiver.take(part);
    EXPECT_TRUE(receiver.complete());
    receiver.finish(crc32c(message));
    EXPECT_EQ(memory, message);
    EXPECT_THROW(receiver.take("x"), DataError);
    EXPECT_THROW(receiver.finish(crc32c(message) ^ 1), DataError);
  }
}

TEST(Parts, OfOtherLengthsAreRefused) {
  std::string memory(40, '\0');
  PartsReceiver receiver(memory.data(), 40, 16);
  EXPECT_THROW(receiver.take(message_of(15)), DataError);
  EXPECT_THROW(receiver.take(message_of(17)), DataError);
  EXPECT_THROW(receiver.take(""), DataError);
  receiver.take(message_of(16));
  EXPECT_THROW(receiver.finish(0), DataError);  // too early
  receiver.take(message_of(16));
  EXPECT_THROW(receiver.take(message_of(16)), DataError);  // 8 are due
}

TEST(Parts, NeverWriteBeyondTheirMemory) {
  RandomStream random({.seed = 5});
  for (int round = 0; round < 20000; ++round) {
    const auto size = static_cast<int64_t>(random.below(70));
    std::string memory(static_cast<size_t>(size) + 16, '#');
    PartsReceiver receiver(memory.data(), size, static_cast<int64_t>(1 + random.below(20)));
    for (int part = 0; part < 10; ++part) {
      try {
        receiver.take(message_of(random.below(24)));
      } catch (const DataError&) {
        continue;
      }
    }
    ASSERT_EQ(memory.substr(static_cast<size_t>(size)), std::string(16, '#'));
    ASSERT_LE(receiver.received(), size);
  }
}

}  // namespace
}  // namespace muster
