#include "muster/serve/encoded_starts.h"

#include <utility>

#include "muster/base/crc32c.h"

namespace muster::inline serve {

std::shared_ptr<const EncodedStart> EncodedStarts::of(const GivenRound& given) {
  const std::lock_guard lock(mutex_);
  if (last_ && last_->of == given.start) return last_;
  const RandomKey key{0, Purpose::quantisation, 0, static_cast<uint64_t>(given.assignment.version)};
  auto fresh = std::make_shared<EncodedStart>();
  fresh->of = given.start;
  fresh->message = pulls_.encode(given.start->vector, key);
  fresh->checksum = crc32c(bytes_of(fresh->message));
  last_ = std::move(fresh);
  return last_;
}

}  // namespace muster::inline serve
