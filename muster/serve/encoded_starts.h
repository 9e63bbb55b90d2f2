#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "muster/flat/vector.h"
#include "muster/serve/coordinator.h"
#include "muster/serve/vector_messages.h"

namespace muster {

/// The message that a round's start is sent as.
struct EncodedStart {
  std::shared_ptr<const StartingPoint> of;
  Vector message;
  uint32_t checksum = 0;  ///< CRC-32C of it
};

/// Makes it once for all who start there. For several threads at once.
class EncodedStarts {
 public:
  /// `pulls` is borrowed.
  explicit EncodedStarts(const VectorMessages& pulls) : pulls_(pulls) {}
  std::shared_ptr<const EncodedStart> of(const GivenRound& given);

 private:
  const VectorMessages& pulls_;
  std::mutex mutex_;
  std::shared_ptr<const EncodedStart> last_;
};

}  // namespace muster
