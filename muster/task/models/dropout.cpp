#include "muster/task/models/dropout.h"

#include <ATen/Functions.h>

#include <cstdint>

#include "muster/base/error.h"

namespace muster::inline task {

at::Tensor Dropout::operator()(const at::Tensor& x, double probability) {
  invariant(probability >= 0 && probability < 1, "a dropout probability lies outside [0, 1)");
  if (!stream_ || probability == 0) return x;
  const auto limit = static_cast<uint32_t>(probability * 0x1.0p32);
  const auto kept = static_cast<float>(1.0 / (1.0 - probability));
  at::Tensor mask = at::empty(x.sizes(), at::kFloat);
  float* const scale = mask.data_ptr<float>();
  for (int64_t i = 0; i < mask.numel(); ++i) scale[i] = stream_->next_u32() < limit ? 0.0F : kept;
  return x.mul(mask.to(x.scalar_type()));
}

}  // namespace muster::inline task
