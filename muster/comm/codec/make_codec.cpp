#include "muster/comm/codec/make_codec.h"

#include "muster/comm/codec/block_int8_codec.h"
#include "muster/comm/codec/full_codec.h"
#include "muster/comm/codec/half_codec.h"
#include "muster/comm/codec/qsgd_codec.h"
#include "muster/comm/codec/top_k_codec.h"

namespace muster::inline comm {

std::unique_ptr<Codec> make_codec(const CodecOptions& options, ElementType type) {
  options.validate();
  if (options.own) return options.own->make(type);
  const int64_t bucket = options.form().bucket;
  const auto qsgd = [&](int bits) {
    return std::make_unique<QsgdCodec>(
        kernel::QsgdForm{.bits = bits,
                         .bucket = bucket,
                         .two_norm = options.scale == QsgdScale::two_norm,
                         .nearest = options.rounding == QsgdRounding::nearest});
  };
  switch (options.kind) {
    case CodecKind::full:
      return std::make_unique<FullCodec>(type);
    case CodecKind::fp16:
      return std::make_unique<Fp16Codec>();
    case CodecKind::bf16:
      return std::make_unique<Bf16Codec>();
    case CodecKind::qsgd8:
      return qsgd(8);
    case CodecKind::qsgd4:
      return qsgd(4);
    case CodecKind::qsgd2:
      return qsgd(2);
    case CodecKind::int8:
      return std::make_unique<BlockInt8Codec>(bucket);
    case CodecKind::top_k:
      return std::make_unique<TopKCodec>(options.top_fraction);
  }
  throw Bug("a kind of codec that nothing makes");
}

}  // namespace muster::inline comm
