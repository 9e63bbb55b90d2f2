#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "muster/base/bytes.h"
#include "muster/base/error.h"

namespace muster {
namespace {

std::string message() {
  ByteWriter writer;
  writer.byte(7).u32(0x01020304).u64(0x1122334455667788).i64(-2).real(-0.1).text("text").text("");
  return writer.bytes();
}

void read_all(std::string_view bytes) {
  ByteReader reader(bytes);
  EXPECT_EQ(reader.byte(), 7);
  EXPECT_EQ(reader.u32(), 0x01020304U);
  EXPECT_EQ(reader.u64(), 0x1122334455667788U);
  EXPECT_EQ(reader.i64(), -2);
  EXPECT_EQ(reader.real(), -0.1);
  EXPECT_EQ(reader.text(), "text");
  EXPECT_EQ(reader.text(), "");
  reader.finish();
}

TEST(Bytes, AreLittleEndianAndReadBack) {
  const std::string bytes = message();
  EXPECT_EQ(bytes.substr(0, 5), std::string("\x07\x04\x03\x02\x01", 5));
  EXPECT_EQ(bytes.size(), 1U + 4 + 8 + 8 + 8 + 8 + 4 + 8);
  read_all(bytes);
}

TEST(Bytes, TruncatedAnywhereTheyAreRefused) {
  const std::string bytes = message();
  for (size_t kept = 0; kept < bytes.size(); ++kept)
    EXPECT_THROW(read_all(std::string_view(bytes).substr(0, kept)), DataError) << kept;
  EXPECT_THROW(read_all(bytes + "x"), DataError) << "surplus bytes";
}

// A length that was damaged takes no memory that the message does not have.
TEST(Bytes, ADamagedLengthIsRefused) {
  std::string bytes = ByteWriter().text("text").bytes();
  bytes[7] = '\x7f';
  EXPECT_THROW(ByteReader(bytes).text(), DataError);
}

}  // namespace
}  // namespace muster
