#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "muster/base/random.h"

namespace muster::inline task {

/// The dropout masks of one forward pass (Srivastava et al., JMLR 2014). They come one after the other from
/// the stream of a key, so they are a function of (seed, worker, step) and not of torch's generator, and the
/// number of threads changes no bit. Made without a key it drops nothing (evaluation).
class Dropout {
 public:
  Dropout() = default;
  explicit Dropout(const RandomKey& key) : stream_(RandomStream(key)) {}

  /// Every element of x is zero with this probability (in [0, 1), to 32 bits), else x / (1 - probability).
  at::Tensor operator()(const at::Tensor& x, double probability);

 private:
  std::optional<RandomStream> stream_;
};

}  // namespace muster::inline task
