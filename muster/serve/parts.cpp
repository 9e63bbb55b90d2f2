#include "muster/serve/parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "muster/base/crc32c.h"
#include "muster/base/error.h"

namespace muster::inline serve {

void PartsReceiver::take(std::string_view part) {
  const int64_t due = std::min(part_bytes_, size_ - received_);
  if (due == 0 || static_cast<int64_t>(part.size()) != due)
    throw DataError(fmt::format("a part of {} bytes came where {} were due", part.size(), due));
  std::memcpy(memory_ + received_, part.data(), part.size());
  checksum_ = crc32c(part, checksum_);
  received_ += due;
}

void PartsReceiver::finish(uint32_t checksum) const {
  if (!complete()) throw DataError(fmt::format("a message ended after {} of {} bytes", received_, size_));
  if (checksum != checksum_) throw DataError("a message was damaged on its way: its checksum is another one");
}

}  // namespace muster::inline serve
