#include "muster/comm/codec/codec_check.h"

#include <string>

#include "muster/base/error.h"

namespace muster::inline comm {

namespace {

bool is_here(const Vector& vector) { return vector.defined() && vector.device().is_cpu(); }

}  // namespace

void require_codable(const Vector& vector) {
  if (!is_here(vector) || (vector.type() != ElementType::float32 && vector.type() != ElementType::float64))
    throw Error("codecs need a vector of Float or Double on the CPU");
}

void require_length(const Vector& message, int64_t expected, int64_t elements) {
  if (!is_here(message) || message.type() != ElementType::byte)
    throw Error("an encoded message is a vector of bytes on the CPU");
  if (message.size() != expected)
    throw Error("a message of " + std::to_string(message.size()) + " bytes for a vector of " +
                std::to_string(elements) + " elements: expected " + std::to_string(expected));
}

}  // namespace muster::inline comm
