#include "muster/serve/message_rooms.h"

namespace muster::inline serve {

Vector MessageRooms::take() {
  const std::lock_guard lock(mutex_);
  for (const Vector& room : kept_)
    if (room.memory().use_count() == 1) return room;
  Vector room = messages_.room();
  if (kept_.size() < most_) kept_.push_back(room);
  return room;
}

}  // namespace muster::inline serve
