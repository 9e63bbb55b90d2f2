#include "muster/task/text/text_windows.h"

#include <algorithm>
#include <limits>

#include "muster/base/random.h"

namespace muster::inline task {

namespace {
constexpr uint64_t no_sample = std::numeric_limits<uint64_t>::max();  // the stream belongs to the epoch
}

TextWindows TextWindows::fixed(int64_t tokens, int64_t context) {
  return {context, std::max<int64_t>(0, (tokens - 1) / context), 1};
}

// With w windows the last token read is offset + w x context.
TextWindows TextWindows::moving(int64_t tokens, int64_t context) {
  const int64_t side_by_side = fixed(tokens, context).count();
  const int64_t count = std::max(std::min<int64_t>(1, side_by_side), (tokens - context) / context);
  return {context, count, std::clamp<int64_t>(tokens - count * context, 1, context)};
}

int64_t TextWindows::offset(uint64_t seed, int64_t epoch) const {
  RandomStream stream({seed, Purpose::augmentation, static_cast<uint64_t>(epoch), no_sample});
  return static_cast<int64_t>(stream.below(static_cast<uint64_t>(offsets_)));
}

}  // namespace muster::inline task
