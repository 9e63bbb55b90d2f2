#pragma once

#include "muster/base/fnv.h"
#include "muster/flat/vector.h"

namespace muster::inline engine {

/// The 64-bit hash of what a training does.
class SignatureHash : public Fnv1a {
 public:
  using Fnv1a::add;
  /// The bits of a vector.
  void add(const Vector& values) { add(values.host(), static_cast<size_t>(values.bytes())); }
};

}  // namespace muster::inline engine
