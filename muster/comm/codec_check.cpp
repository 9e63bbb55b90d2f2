#include "muster/comm/codec_check.h"

#include <string>

#include "muster/base/error.h"

namespace muster {

namespace {

bool is_flat(const at::Tensor& tensor) {
  return tensor.defined() && tensor.is_cpu() && tensor.dim() == 1 && tensor.is_contiguous();
}

}  // namespace

void require_codable(const at::Tensor& vector) {
  if (!is_flat(vector) || (vector.scalar_type() != at::kFloat && vector.scalar_type() != at::kDouble))
    throw Error("codecs need a contiguous one-dimensional vector of Float or Double on the CPU");
}

void require_length(const at::Tensor& message, int64_t expected, int64_t elements) {
  if (!is_flat(message) || message.scalar_type() != at::kByte)
    throw Error("an encoded message is a contiguous one-dimensional vector of bytes on the CPU");
  if (message.numel() != expected)
    throw Error("a message of " + std::to_string(message.numel()) + " bytes for a vector of " +
                std::to_string(elements) + " elements: expected " + std::to_string(expected));
}

}  // namespace muster
