#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "muster/base/error.h"
#include "muster/rounds/fragments.h"

namespace muster {
namespace {

Layout layout_of(const std::vector<int64_t>& sizes) {
  Layout layout;
  for (size_t i = 0; i < sizes.size(); ++i) layout.add("tensor" + std::to_string(i), {sizes[i]});
  return layout;
}

// The largest piece of the best cut, by trying all of them.
int64_t best_largest(const std::vector<int64_t>& sizes, size_t from, int64_t count) {
  const auto sum = [&](size_t to) {
    return std::accumulate(sizes.begin() + static_cast<int64_t>(from),
                           sizes.begin() + static_cast<int64_t>(to), int64_t{0});
  };
  if (count == 1) return sum(sizes.size());
  int64_t best = sum(sizes.size());
  for (size_t cut = from + 1; cut + static_cast<size_t>(count) - 1 <= sizes.size(); ++cut)
    best = std::min(best, std::max(sum(cut), best_largest(sizes, cut, count - 1)));
  return best;
}

TEST(Fragments, AreWholeTensorsInOrderWithoutGapsAndTheLargestIsAsSmallAsCanBe) {
  for (const std::vector<int64_t>& sizes : std::vector<std::vector<int64_t>>{
           {1, 1, 1, 1}, {100, 1, 1, 1}, {1, 1, 1, 100}, {5, 9, 2, 7, 7, 1, 3}, {8, 1, 1, 8, 1, 1, 8}}) {
    const Layout layout = layout_of(sizes);
    for (int64_t count = 1; count <= static_cast<int64_t>(sizes.size()); ++count) {
      const auto fragments = cut_into_fragments(layout, count);
      ASSERT_EQ(static_cast<int64_t>(fragments.size()), count);
      int64_t at = 0, largest = 0;
      for (const Fragment& fragment : fragments) {
        EXPECT_EQ(fragment.begin, at);
        const auto begins_here = [&](const Piece& piece) { return piece.offset == fragment.begin; };
        EXPECT_TRUE(std::any_of(layout.pieces().begin(), layout.pieces().end(), begins_here));
        EXPECT_GE(fragment.size, 1);
        at += fragment.size;
        largest = std::max(largest, fragment.size);
      }
      EXPECT_EQ(at, layout.size());
      EXPECT_EQ(largest, best_largest(sizes, 0, count));
    }
  }
}

TEST(Fragments, EqualTensorsMakeEqualPieces) {
  for (const Fragment& fragment : cut_into_fragments(layout_of(std::vector<int64_t>(12, 50)), 4))
    EXPECT_EQ(fragment.size, 150);
}

TEST(Fragments, MoreThanTensorsAreRefused) {
  EXPECT_THROW(cut_into_fragments(layout_of({4, 4}), 3), OptionError);
  EXPECT_THROW(cut_into_fragments(layout_of({4, 4}), 0), OptionError);
}

TEST(Fragments, MeetOnceInARoundTheLastAtItsEnd) {
  for (const int64_t steps : {1, 2, 3, 7, 8, 100})
    for (const int64_t count : {1, 2, 4, 9}) {
      int64_t before = 1;
      for (int64_t fragment = 0; fragment < count; ++fragment) {
        const int64_t offset = meeting_offset(fragment, count, steps);
        EXPECT_GE(offset, before);
        EXPECT_LE(offset, steps);
        before = offset;
      }
      EXPECT_EQ(meeting_offset(count - 1, count, steps), steps);
    }
  EXPECT_EQ(meeting_offset(0, 4, 8), 2);
  EXPECT_EQ(meeting_offset(1, 4, 8), 4);
}

}  // namespace
}  // namespace muster
