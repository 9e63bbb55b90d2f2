#include "muster/task/models/norm.h"

#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/normalization.h>

#include "muster/base/error.h"
#include "muster/task/models/batch_norm.h"

namespace muster::inline task {

namespace {

constexpr int64_t groups = 8;

std::shared_ptr<torch::nn::Module> make_norm(NormKind kind, int64_t channels) {
  switch (kind) {
    case NormKind::batch:
      return torch::nn::BatchNorm2d(channels).ptr();
    case NormKind::group:
      return torch::nn::GroupNorm(groups, channels).ptr();
  }
  throw Bug("a kind of norm that nobody knows");
}

}  // namespace

Norm::Norm(NormKind kind, int64_t channels) : module_(make_norm(kind, channels)) {}

at::Tensor Norm::apply(const at::Tensor& x, const std::optional<at::Tensor>& residual, bool relu) const {
  if (auto* batch = module_->as<torch::nn::BatchNorm2d>()) return batch_norm(*batch, x, residual, relu);
  const auto* group = module_->as<torch::nn::GroupNorm>();
  at::Tensor y = at::group_norm(x.to(group->weight.scalar_type()), groups, group->weight, group->bias,
                                group->options.eps());
  if (residual) y = y + *residual;
  return relu ? y.relu() : y;
}

}  // namespace muster::inline task
