#include "muster/comm/codec/block_int8_codec.h"

#include "muster/base/error.h"
#include "muster/base/message_size.h"
#include "muster/comm/codec/block_int8_kernel.h"

namespace muster::inline comm {

BlockInt8Codec::BlockInt8Codec(int64_t block) : block_(block) {
  invariant(block >= 1, "a block holds at least one value");
}

int64_t BlockInt8Codec::message_bytes(int64_t elements) const {
  return muster::message_bytes({.kind = CodecKind::int8, .bucket = block_}, elements);
}

void BlockInt8Codec::encode_floats(const float* values, int64_t size, const RandomKey&,
                                   uint8_t* message) const {
  kernel::block_int8_encode(values, size, block_, message);
}

void BlockInt8Codec::add_floats(const uint8_t* message, int64_t size, float* sum) const {
  kernel::block_int8_add(message, size, block_, sum);
}

}  // namespace muster::inline comm
