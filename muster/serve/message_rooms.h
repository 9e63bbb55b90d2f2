#pragma once

#include <cstddef>
#include <mutex>
#include <vector>

#include "muster/flat/vector.h"
#include "muster/serve/vector_messages.h"

namespace muster::inline serve {

/// Memory for incoming messages, reused when nobody else holds it any more: for a large message new memory
/// takes more time than the copy. Keeps at most `most` of them. For several threads at once.
class MessageRooms {
 public:
  /// `messages` is borrowed.
  MessageRooms(const VectorMessages& messages, size_t most) : messages_(messages), most_(most) {}
  /// Undefined content, messages_.bytes() long. Throws Error where there is no memory.
  Vector take();

 private:
  const VectorMessages& messages_;
  size_t most_;
  std::mutex mutex_;
  std::vector<Vector> kept_;
};

}  // namespace muster::inline serve
