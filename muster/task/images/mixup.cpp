#include "muster/task/images/mixup.h"

#include <ATen/Functions.h>

#include <cmath>

#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/base/random.h"
#include "muster/task/samplers/dirichlet.h"
#include "muster/task/samplers/permutation.h"

namespace muster::inline task {

namespace {

at::Tensor mixed_inputs(const at::Tensor& inputs, std::span<const int64_t> partner, float share) {
  at::Tensor out = at::empty_like(inputs);
  const auto count = static_cast<int64_t>(partner.size());
  const int64_t each = inputs.numel() / count;
  const auto* in = inputs.data_ptr<float>();
  float* to = out.data_ptr<float>();
  for (int64_t i = 0; i < count; ++i) {
    const float* mine = in + i * each;
    const float* other = in + partner[static_cast<size_t>(i)] * each;
    for (int64_t k = 0; k < each; ++k) *to++ = share * mine[k] + (1.0F - share) * other[k];
  }
  return out;
}

at::Tensor mixed_targets(const at::Tensor& targets, std::span<const int64_t> partner, int64_t classes,
                         float share) {
  const auto count = static_cast<int64_t>(partner.size());
  at::Tensor out = at::zeros({count, classes}, at::kFloat);
  const auto* label = targets.data_ptr<int64_t>();
  auto* row = out.data_ptr<float>();
  for (int64_t i = 0; i < count; ++i, row += classes) {
    row[label[i]] += share;
    row[label[partner[static_cast<size_t>(i)]]] += 1.0F - share;
  }
  return out;
}

}  // namespace

void validate_mixup(double alpha) {
  if (!(alpha >= 0) || !std::isfinite(alpha))
    throw OptionError("image.mixup", format_number(alpha), "must be 0 (none) or a positive number");
}

void mix_up(Batch& batch, int64_t classes, double alpha, uint64_t seed, int64_t epoch, int64_t first_sample) {
  if (alpha == 0) return;
  const RandomKey key{seed, Purpose::mixing, 2 * static_cast<uint64_t>(epoch),
                      static_cast<uint64_t>(first_sample)};
  RandomStream stream(key);
  const auto share = static_cast<float>(dirichlet_variate(alpha, 2, stream)[0]);
  const RandomKey order{key.seed, key.purpose, key.a + 1, key.b};
  const auto partner = random_permutation(batch.size(), order);
  batch.inputs = mixed_inputs(batch.inputs.contiguous(), partner, share);
  batch.targets = mixed_targets(batch.targets, partner, classes, share);
}

}  // namespace muster::inline task
