#pragma once

#include <memory>

#include "muster/comm/codec/codec.h"
#include "muster/comm/codec/codec_options.h"
#include "muster/flat/vector.h"

namespace muster::inline comm {

/// The codec that the options name. `type`: of the vectors, float32 or float64; only the full codec keeps all
/// bits of doubles. Throws OptionError.
std::unique_ptr<Codec> make_codec(const CodecOptions& options, ElementType type = ElementType::float32);

}  // namespace muster::inline comm
