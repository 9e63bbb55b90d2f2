#pragma once

#include <ATen/core/Tensor.h>

#include "muster/base/fnv.h"

namespace muster {

/// The 64 bits that stand for what a training does.
class SignatureHash : public Fnv1a {
 public:
  using Fnv1a::add;
  /// The bits of a contiguous tensor.
  void add(const at::Tensor& values) { add(values.data_ptr(), values.nbytes()); }
};

}  // namespace muster
