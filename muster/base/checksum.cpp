#include "muster/base/checksum.h"

#define XXH_STATIC_LINKING_ONLY  // the state's size, so that it can be copied as a value
#include <xxhash.h>

namespace muster::inline base {

struct Checksum::State {
  State() { XXH64_reset(&xxh64, 0); }
  XXH64_state_t xxh64;
};

Checksum::Checksum() : state_(std::make_unique<State>()) {}

Checksum::Checksum(const Checksum& other) : state_(std::make_unique<State>(*other.state_)) {}

Checksum& Checksum::operator=(const Checksum& other) {
  *state_ = *other.state_;
  return *this;
}

Checksum::~Checksum() = default;

void Checksum::add(const void* data, size_t bytes) {
  if (bytes > 0) XXH64_update(&state_->xxh64, data, bytes);
}

uint64_t Checksum::value() const { return XXH64_digest(&state_->xxh64); }

}  // namespace muster::inline base
