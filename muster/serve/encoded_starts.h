#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "muster/flat/vector.h"
#include "muster/serve/coordinator.h"
#include "muster/serve/vector_messages.h"

namespace muster::inline serve {

/// A round's starting point as the message that is sent.
struct EncodedStart {
  std::shared_ptr<const StartingPoint> of;
  Vector message;
  uint32_t checksum = 0;  ///< CRC-32C of it
};

/// Encodes a starting point once for all workers that start there. For several threads at once.
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

}  // namespace muster::inline serve
