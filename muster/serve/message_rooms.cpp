#include "muster/serve/message_rooms.h"

namespace muster {

at::Tensor MessageRooms::take() {
  const std::lock_guard lock(mutex_);
  for (const at::Tensor& room : kept_)
    if (room.use_count() == 1) return room;
  at::Tensor room = messages_.room();
  if (kept_.size() < most_) kept_.push_back(room);
  return room;
}

}  // namespace muster
