#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "muster/base/error.h"
#include "muster/rendezvous/wire.h"

namespace muster {
namespace {

TEST(Wire, ReadsWhatItWrote) {
  const std::vector<std::string> texts{"", "b", std::string(1000, 'c')};
  const std::string frame = MessageWriter()
                                .byte(200)
                                .number(std::numeric_limits<int64_t>::min())
                                .number(-1)
                                .text("text")
                                .texts(texts)
                                .frame();
  MessageReader reader(std::string_view(frame).substr(4));
  EXPECT_EQ(reader.byte(), 200);
  EXPECT_EQ(reader.number(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(reader.number(), -1);
  EXPECT_EQ(reader.text(), "text");
  EXPECT_EQ(reader.texts(), texts);
  reader.finish();
}

TEST(Wire, NumbersGoLowestByteFirst) {
  EXPECT_EQ(MessageWriter().number(0x0102).text("ab").frame(),
            std::string("\x0e\0\0\0\x02\x01\0\0\0\0\0\0\x02\0\0\0ab", 18));
}

TEST(Wire, RefusesWhatEndsTooEarlyOrTooLate) {
  EXPECT_THROW(MessageReader("").byte(), DataError);
  EXPECT_THROW(MessageReader("1234567").number(), DataError);
  EXPECT_THROW(MessageReader(std::string_view("\5\0\0\0abcd", 8)).text(), DataError);
  EXPECT_THROW(MessageReader("\xff\xff\xff\xff____").text(), DataError);
  EXPECT_THROW(MessageReader("\xff\xff\xff\xff____").texts(), DataError);
  EXPECT_THROW(MessageReader("x").finish(), DataError);
  EXPECT_THROW(MessageWriter().text(std::string(longest_message, 'x')).frame(), Error);
}

TEST(Wire, CutsAStreamAnywhere) {
  std::string stream;
  std::vector<std::string> messages;
  for (const size_t size : {0, 1, 7, 300}) {
    messages.push_back(MessageWriter().text(std::string(size, 'm')).frame().substr(4));
    stream += MessageWriter().text(std::string(size, 'm')).frame();
  }
  for (size_t piece = 1; piece <= stream.size(); ++piece) {
    FrameSplitter splitter;
    std::vector<std::string> found;
    for (size_t at = 0; at < stream.size(); at += piece) {
      splitter.append(std::string_view(stream).substr(at, piece));
      while (const auto message = splitter.next()) found.push_back(*message);
    }
    ASSERT_EQ(found, messages) << piece;
    ASSERT_FALSE(splitter.half());
  }
}

TEST(Wire, RefusesALengthOverTheCapBeforeTheRestHasCome) {
  FrameSplitter splitter;
  splitter.append(std::string_view("\x01\x00\x10", 3));  // 1 MiB and a byte
  EXPECT_FALSE(splitter.next());
  EXPECT_TRUE(splitter.half());
  splitter.append(std::string_view("\0", 1));
  EXPECT_THROW(splitter.next(), DataError);
}

}  // namespace
}  // namespace muster
