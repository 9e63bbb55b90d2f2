#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace muster::inline task {

/// Windows of context + 1 tokens, `context` apart: a window's last target is the first input of the next.
class TextWindows {
 public:
  /// Windows that lie side by side from the first token on.
  static TextWindows fixed(int64_t tokens, int64_t context);
  /// Windows that begin up to `context` - 1 tokens later in some epochs; one fewer where that needs it.
  static TextWindows moving(int64_t tokens, int64_t context);

  int64_t count() const { return count_; }
  /// Keeps the first `limit` windows. REQUIRES: 1 <= limit <= count().
  void keep_first(int64_t limit) { count_ = limit; }
  /// First token of a window, at an epoch's offset.
  int64_t start(int64_t window, int64_t offset) const { return offset + window * context_; }
  /// By how many tokens the windows of an epoch are moved: a function of (seed, epoch), uniform over the
  /// places that the text has room for; 0 for fixed windows.
  int64_t offset(uint64_t seed, int64_t epoch) const;

 private:
  TextWindows(int64_t context, int64_t count, int64_t offsets)
      : context_(context), count_(count), offsets_(offsets) {}

  int64_t context_;
  int64_t count_;
  int64_t offsets_;  // 0 ... offsets_ - 1
};

}  // namespace muster::inline task
