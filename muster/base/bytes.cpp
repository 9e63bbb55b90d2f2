#include "muster/base/bytes.h"

#include "muster/base/error.h"

namespace muster::inline base {

std::string_view ByteReader::take(uint64_t count) {
  if (count > bytes_.size()) throw DataError("a record ends in the middle");
  const std::string_view taken = bytes_.substr(0, count);
  bytes_.remove_prefix(count);
  return taken;
}

uint64_t ByteReader::get(int count) {
  const std::string_view bytes = take(static_cast<uint64_t>(count));
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size(); ++i)
    value |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[i])) << (8 * i);
  return value;
}

void ByteReader::finish() const {
  if (!bytes_.empty()) throw DataError("a record is longer than what it holds");
}

}  // namespace muster::inline base
