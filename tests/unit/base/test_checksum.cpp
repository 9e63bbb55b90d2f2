#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "muster/base/checksum.h"

namespace muster {
namespace {

std::string bytes_to(size_t length) {
  std::string bytes;
  for (size_t i = 0; i < length; ++i) bytes.push_back(static_cast<char>(i * 131 + 7));
  return bytes;
}

uint64_t checksum_of(const std::string& bytes) {
  Checksum checksum;
  checksum.add(bytes.data(), bytes.size());
  return checksum.value();
}

// "" and "abc" are published; the others come from libxxhash 0.8.1.
TEST(Checksum, IsXxh64) {
  EXPECT_EQ(checksum_of(""), 0xef46db3751d8e999U);
  EXPECT_EQ(checksum_of("abc"), 0x44bc2cf5ad770999U);
  const std::vector<std::pair<size_t, uint64_t>> known = {
      {1, 0xa96c7f0ce858bbb7U},   {3, 0xbed43740ee6332bbU},   {4, 0xfa212ae44b3bb23dU},
      {7, 0x2744460dd675d2c0U},   {8, 0x994b676b71ce94ddU},   {14, 0x574269377227d80aU},
      {31, 0x6711d55e306b5d8fU},  {32, 0x07f7b8e3bc5d6e25U},  {33, 0x9f85eeb4e1cbe9fU},
      {63, 0xb7c9968c066cb6a5U},  {64, 0x50d4159a0411632eU},  {100, 0x9ddada11d3dc2d8fU},
      {1000, 0xbf0bdbcc82eb373U}, {1001, 0x85682a0c0238f056U}};
  for (const auto& [length, expected] : known) EXPECT_EQ(checksum_of(bytes_to(length)), expected) << length;
}

TEST(Checksum, PiecesDoNotMatter) {
  const std::string bytes = bytes_to(300);
  for (const size_t piece : {1, 5, 31, 32, 33, 64, 100}) {
    Checksum checksum;
    for (size_t at = 0; at < bytes.size(); at += piece)
      checksum.add(bytes.data() + at, std::min(piece, bytes.size() - at));
    EXPECT_EQ(checksum.value(), checksum_of(bytes)) << piece;
  }
}

}  // namespace
}  // namespace muster
