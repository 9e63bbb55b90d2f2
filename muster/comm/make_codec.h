#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "muster/comm/codec.h"
#include "muster/comm/codec_options.h"

namespace muster {

/// The codec that the options name. `type`: of the vectors, kFloat or kDouble; only the full codec keeps all
/// bits of doubles. Throws OptionError.
std::unique_ptr<Codec> make_codec(const CodecOptions& options, at::ScalarType type = at::kFloat);

}  // namespace muster
