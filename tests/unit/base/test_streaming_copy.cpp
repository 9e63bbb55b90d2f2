#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <vector>

#include "muster/base/streaming_copy.h"

namespace muster {
namespace {

TEST(StreamingCopy, CopiesWhatIsAskedAndNothingElse) {
  constexpr size_t room = 700;
  std::vector<uint8_t> source(room);
  std::iota(source.begin(), source.end(), uint8_t{1});
  for (const size_t to : {0, 1, 63, 64, 65})
    for (const size_t from : {0, 3, 64})
      for (const size_t bytes : {0, 1, 62, 63, 64, 65, 127, 128, 200, 513}) {
        std::vector<uint8_t> target(room, 0);
        streaming_copy(target.data() + to, source.data() + from, bytes);
        for (size_t i = 0; i < room; ++i)
          ASSERT_EQ(target[i], i >= to && i < to + bytes ? source[from + i - to] : 0)
              << bytes << " bytes from " << from << " to " << to << ", at " << i;
      }
}

}  // namespace
}  // namespace muster
