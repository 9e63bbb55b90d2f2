#pragma once

#include <cstddef>
#include <mutex>
#include <vector>

#include "muster/flat/vector.h"
#include "muster/serve/vector_messages.h"

namespace muster {

/// Memory for messages that come, used again when nobody else holds it any more: fresh memory costs a large
/// message more time than its copy. Keeps at most so many. For several threads at once.
class MessageRooms {
 public:
  /// `messages` is borrowed.
  MessageRooms(const VectorMessages& messages, size_t most) : messages_(messages), most_(most) {}
  /// Holds anything; messages_.bytes() long. Throws Error where there is no memory.
  Vector take();

 private:
  const VectorMessages& messages_;
  size_t most_;
  std::mutex mutex_;
  std::vector<Vector> kept_;
};

}  // namespace muster
