#include <gtest/gtest.h>

#include <vector>

#include "muster/base/random_fill.h"

namespace muster {
namespace {

constexpr RandomKey key{.seed = 9, .purpose = Purpose::initialisation, .a = 4};

// Whole jobs, parts of one, an odd number, none.
constexpr size_t sizes[] = {0, 1, 2, 7, (1 << 16) - 1, 1 << 16, (1 << 16) + 1, 3 * (1 << 16) + 3};

template <class Number>
void expect_draws_of_one_stream() {
  for (const int threads : {1, 3}) {
    ThreadPool pool(threads);
    for (const size_t size : sizes) {
      std::vector<Number> normals(size), uniforms(size);
      fill_normal(key, 0.02, std::span(normals), pool);
      fill_uniform(key, 0.3, std::span(uniforms), pool);
      RandomStream normal(key), uniform(key);
      std::vector<Number> drawn(size), even(size);
      for (Number& value : drawn) value = static_cast<Number>(0.02 * normal.normal());
      for (Number& value : even) value = static_cast<Number>(0.3 * (2.0 * uniform.uniform() - 1.0));
      EXPECT_TRUE(normals == drawn) << size << " normals by " << threads << " threads";
      EXPECT_TRUE(uniforms == even) << size << " uniforms by " << threads << " threads";
    }
  }
}

TEST(RandomFill, DrawsWhatOneStreamDraws) {
  expect_draws_of_one_stream<float>();
  expect_draws_of_one_stream<double>();
}

TEST(RandomFill, AStreamMayBeginAtAnyBlock) {
  RandomStream whole(key);
  for (int word = 0; word < 4 * 17; ++word) whole.next_u32();
  RandomStream rest(key, 17);
  for (int word = 0; word < 9; ++word) EXPECT_EQ(rest.next_u32(), whole.next_u32());
}

}  // namespace
}  // namespace muster
