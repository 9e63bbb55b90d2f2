#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <stdexcept>
#include <string_view>

#include "muster/base/crc32c.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/report/event_file.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

// RFC 3720, appendix B.4, and the usual check value.
TEST(Crc32c, PublishedVectors) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43U);
  std::string ascending;
  for (char byte = 0; byte < 32; ++byte) ascending.push_back(byte);
  EXPECT_EQ(crc32c(ascending), 0x46DD794EU);
  EXPECT_EQ(crc32c(""), 0U);
}

// A second, independent way to read: bit by bit, field by field.
uint32_t slow_masked_crc(std::string_view bytes) {
  uint32_t crc = ~0U;
  for (const char byte : bytes)
    for (int bit = 0; bit < 8; ++bit) {
      const uint32_t top = (crc ^ (static_cast<uint8_t>(byte) >> bit)) & 1;
      crc = (crc >> 1) ^ (top * 0x82F63B78U);
    }
  crc = ~crc;
  return std::rotr(crc, 15) + 0xA282EAD8U;
}

template <class T>
T take(std::string_view& bytes) {
  if (bytes.size() < sizeof(T)) throw std::runtime_error("truncated");
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes.remove_prefix(sizeof value);
  return value;
}

std::vector<std::string> records_of(const std::string& content) {
  std::vector<std::string> records;
  for (std::string_view rest = content; !rest.empty();) {
    const std::string_view length_bytes = rest.substr(0, 8);
    const auto length = take<uint64_t>(rest);
    if (take<uint32_t>(rest) != slow_masked_crc(length_bytes))
      throw std::runtime_error("checksum of the length");
    const std::string_view data = rest.substr(0, length);
    rest.remove_prefix(length);
    if (take<uint32_t>(rest) != slow_masked_crc(data)) throw std::runtime_error("checksum of the data");
    records.emplace_back(data);
  }
  return records;
}

uint64_t take_varint(std::string_view& bytes) {
  uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = take<uint8_t>(bytes);
    value |= uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return value;
  }
}

struct Field {
  uint64_t number = 0;
  uint64_t integer = 0;  // varint, fixed32, fixed64
  std::string bytes;
};

std::vector<Field> fields_of(std::string_view message) {
  std::vector<Field> fields;
  while (!message.empty()) {
    const uint64_t key = take_varint(message);
    Field field{key >> 3, 0, ""};
    if ((key & 7) == 0) field.integer = take_varint(message);
    if ((key & 7) == 1) field.integer = take<uint64_t>(message);
    if ((key & 7) == 5) field.integer = take<uint32_t>(message);
    if ((key & 7) == 2) {
      const uint64_t length = take_varint(message);
      field.bytes = std::string(message.substr(0, length));
      message.remove_prefix(length);
    }
    fields.push_back(field);
  }
  return fields;
}

float value_of(const Field& value) { return std::bit_cast<float>(static_cast<uint32_t>(value.integer)); }

TEST(EventFile, HoldsVersionStartAndValues) {
  const test::TemporaryFolder folder;
  EventFile file(folder.path(), 301, 1700000000.25);
  const std::string long_tag(300, 't');
  file.add(400, {{"train/loss", 1.5}, {long_tag, std::numeric_limits<double>::quiet_NaN()}}, 1700000001.5);
  const auto records = records_of(read_file(file.path()));
  ASSERT_EQ(records.size(), 3u);

  const auto version = fields_of(records[0]);
  ASSERT_EQ(version.size(), 3u);
  EXPECT_EQ(std::bit_cast<double>(version[0].integer), 1700000000.25);
  EXPECT_EQ(version[2].number, 3u);
  EXPECT_EQ(version[2].bytes, "brain.Event:2");

  const auto start = fields_of(records[1]);
  EXPECT_EQ(start[1].number, 2u);
  EXPECT_EQ(start[1].integer, 301u);
  EXPECT_EQ(start[2].number, 7u);
  EXPECT_EQ(fields_of(start[2].bytes)[0].number, 1u);
  EXPECT_EQ(fields_of(start[2].bytes)[0].integer, 1u);  // START

  const auto event = fields_of(records[2]);
  EXPECT_EQ(event[1].integer, 400u);
  ASSERT_EQ(event[2].number, 5u);
  const auto values = fields_of(event[2].bytes);
  ASSERT_EQ(values.size(), 2u);
  const auto first = fields_of(values[0].bytes), second = fields_of(values[1].bytes);
  EXPECT_EQ(first[0].bytes, "train/loss");
  EXPECT_EQ(first[1].number, 2u);
  EXPECT_EQ(value_of(first[1]), 1.5f);
  EXPECT_EQ(second[0].bytes, long_tag);
  EXPECT_TRUE(std::isnan(value_of(second[1])));
}

TEST(EventFile, ALaterFileSortsBehind) {
  const test::TemporaryFolder folder;
  EventFile one(folder.path(), 0, 1700000000), two(folder.path(), 10, 1700000000),
      three(folder.path(), 20, 5);
  EXPECT_LT(one.path(), two.path());
  EXPECT_LT(two.path(), three.path());
  EXPECT_TRUE(one.path().starts_with(folder / "events.out.tfevents.1700000000."));
}

TEST(EventFile, FailuresNameTheFile) {
  const test::TemporaryFolder folder;
  EXPECT_THROW(EventFile(folder / "none", 0), FileError);
  EventFile file(folder.path(), 0);
  const test::FileSizeLimit full(200);
  EXPECT_THROW(file.add(1, {{std::string(300, 'x'), 1}}), FileError);
}

}  // namespace
}  // namespace muster
