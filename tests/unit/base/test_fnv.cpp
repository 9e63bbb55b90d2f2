#include <gtest/gtest.h>

#include <bit>
#include <string_view>

#include "muster/base/fnv.h"

namespace muster {
namespace {

uint64_t of(std::string_view text) {
  Fnv1a hash;
  hash.add(text.data(), text.size());
  return hash.value();
}

// Test vectors of draft-eastlake-fnv, appendix C.
TEST(Fnv, HasTheValuesOfItsAuthors) {
  EXPECT_EQ(of(""), 0xCBF29CE484222325U);
  EXPECT_EQ(of("a"), 0xAF63DC4C8601EC8CU);
  EXPECT_EQ(of("foobar"), 0x85944171F73967E8U);
  EXPECT_EQ(fnv1a_32(""), 0x811C9DC5U);
  EXPECT_EQ(fnv1a_32("a"), 0xE40C292CU);
  EXPECT_EQ(fnv1a_32("foobar"), 0xBF9CF968U);
}

TEST(Fnv, TakesANumberAsItsBytes) {
  constexpr uint64_t number = 0x0102030405060708;
  Fnv1a as_number, as_word;
  as_number.add(number);
  as_word.add_word(number);
  EXPECT_EQ(as_number.value(), of({"\x08\x07\x06\x05\x04\x03\x02\x01", 8}));
  EXPECT_EQ(as_word.value(), (0xCBF29CE484222325U ^ number) * 0x100000001B3U);
}

}  // namespace
}  // namespace muster
