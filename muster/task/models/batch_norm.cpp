#include "muster/task/models/batch_norm.h"

#include <ATen/TensorOperators.h>
#include <ATen/record_function.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/nn/modules/batchnorm.h>

#include <cmath>
#include <vector>

#include "muster/task/models/batch_norm_kernel.h"

namespace muster::inline task {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr auto channels_last = at::MemoryFormat::ChannelsLast;

bool takes_fused_way(const at::Tensor& x) {
  return x.scalar_type() == at::kFloat && x.dim() == 4 && x.device().is_cpu() && x.numel() > 0 &&
         x.is_contiguous(channels_last);
}

int64_t rows_of(const at::Tensor& x) { return x.numel() / x.size(1); }

// Null for a tensor that stands for none: undefined, or (as an argument of an autograd function) empty.
const float* floats(const at::Tensor& tensor) {
  return tensor.defined() && tensor.numel() > 0 ? tensor.data_ptr<float>() : nullptr;
}

// mean and 1 / sqrt(variance + epsilon) of every channel, in one tensor (2 x channels).
at::Tensor batch_statistics(torch::nn::BatchNorm2dImpl& norm, const at::Tensor& x) {
  const int64_t channels = x.size(1), rows = rows_of(x);
  std::vector<double> mean(static_cast<size_t>(channels)), variance(mean.size());
  kernel::channel_moments(floats(x), rows, channels, mean.data(), variance.data());
  at::Tensor statistics = at::empty({2, channels}, at::kFloat);
  float* const means = statistics.data_ptr<float>();
  float* const running_mean = norm.running_mean.data_ptr<float>();
  float* const running_var = norm.running_var.data_ptr<float>();
  const double momentum = norm.options.momentum().value();
  const double unbiased = rows > 1 ? static_cast<double>(rows) / static_cast<double>(rows - 1) : 1.0;
  const auto moved = [momentum](float from, double to) {
    return static_cast<float>((1 - momentum) * static_cast<double>(from) + momentum * to);
  };
  for (size_t c = 0; c < mean.size(); ++c) {
    means[c] = static_cast<float>(mean[c]);
    means[mean.size() + c] = static_cast<float>(1.0 / std::sqrt(variance[c] + norm.options.eps()));
    running_mean[c] = moved(running_mean[c], mean[c]);
    running_var[c] = moved(running_var[c], variance[c] * unbiased);
  }
  return statistics;
}

at::Tensor running_statistics(const torch::nn::BatchNorm2dImpl& norm) {
  return at::stack({norm.running_mean, (norm.running_var + norm.options.eps()).rsqrt()});
}

struct BatchNormFunction : torch::autograd::Function<BatchNormFunction> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, const at::Tensor& residual, const at::Tensor& statistics,
                            bool relu, bool of_batch, double epsilon) {
    const at::Tensor scale = weight * statistics[1];
    const at::Tensor offset = bias - statistics[0] * scale;
    at::Tensor y = at::empty_like(x, x.options(), channels_last);
    kernel::scale_channels(floats(x), floats(residual), floats(scale), floats(offset), rows_of(x), x.size(1),
                           relu, y.data_ptr<float>());
    ctx->save_for_backward({x, relu ? y : at::Tensor(), weight, statistics});
    ctx->saved_data["residual"] = residual.numel() > 0;
    ctx->saved_data["of_batch"] = of_batch;
    ctx->saved_data["epsilon"] = epsilon;
    return y;
  }

  // dx = weight / sigma * (g - mean(g) - xhat mean(g xhat)); the means, over the batch, are there only where
  // the statistics are the batch's, not running ones.
  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    const auto saved = ctx->get_saved_variables();
    if (at::GradMode::is_enabled()) return differentiable_backward(ctx, saved, gradients[0]);
    const at::Tensor &x = saved[0], &y = saved[1], &weight = saved[2], &statistics = saved[3];
    const at::Tensor dy = gradients[0].contiguous(channels_last);
    const int64_t channels = x.size(1), rows = rows_of(x);
    const kernel::NormGradient in{floats(dy), floats(y), floats(x), floats(statistics)};
    at::Tensor sums = at::empty({2, channels}, at::kDouble);
    double* const sum = sums.data_ptr<double>();
    kernel::gradient_sums(in, rows, channels, sum, sum + channels);
    const at::Tensor sigma = statistics[1];
    const at::Tensor dbias = sums[0].to(at::kFloat);
    const at::Tensor dweight = sums[1].to(at::kFloat) * sigma;
    const at::Tensor scale = weight * sigma;
    const double share = ctx->saved_data["of_batch"].toBool() ? 1.0 / static_cast<double>(rows) : 0.0;
    const at::Tensor centre = dbias * share;
    const at::Tensor slope = scale * sigma * dweight * share;
    at::Tensor dx = at::empty_like(x, x.options(), channels_last);
    const bool has_residual = ctx->saved_data["residual"].toBool();
    at::Tensor dresidual = has_residual && y.defined() ? at::empty_like(dx) : at::Tensor();
    kernel::gradient_of_norm(in, floats(scale), floats(centre), floats(slope), rows, channels,
                             dx.data_ptr<float>(),
                             dresidual.defined() ? dresidual.data_ptr<float>() : nullptr);
    if (has_residual && !dresidual.defined()) dresidual = dy;
    return {dx, dweight, dbias, dresidual, at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor()};
  }

  // The same formulas by operations that can be differentiated once more.
  static variable_list differentiable_backward(AutogradContext* ctx, const variable_list& saved,
                                               const at::Tensor& gradient) {
    const at::Tensor &x = saved[0], &y = saved[1], &statistics = saved[3];
    const at::Tensor weight = saved[2].view({1, -1, 1, 1});
    const std::vector<int64_t> places = {0, 2, 3};
    const bool of_batch = ctx->saved_data["of_batch"].toBool();
    const at::Tensor g = y.defined() ? gradient * y.detach().gt(0) : gradient;
    at::Tensor centred = x - statistics[0].view({1, -1, 1, 1}), sigma = statistics[1].view({1, -1, 1, 1});
    if (of_batch) {
      centred = x - x.mean(places, true);
      sigma = (centred.square().mean(places, true) + ctx->saved_data["epsilon"].toDouble()).rsqrt();
    }
    const at::Tensor normal = centred * sigma;
    at::Tensor slope = g;
    if (of_batch) slope = g - g.mean(places, true) - normal * (g * normal).mean(places, true);
    const bool has_residual = ctx->saved_data["residual"].toBool();
    return {weight * sigma * slope, (g * normal).sum(places),
            g.sum(places),          has_residual ? g : at::Tensor(),
            at::Tensor(),           at::Tensor(),
            at::Tensor(),           at::Tensor()};
  }
};

at::Tensor by_torch(torch::nn::BatchNorm2dImpl& norm, const at::Tensor& x,
                    const std::optional<at::Tensor>& residual, bool relu) {
  at::Tensor y = norm.forward(x);
  if (residual) y = y + *residual;
  return relu ? y.relu() : y;
}

}  // namespace

at::Tensor batch_norm(torch::nn::BatchNorm2dImpl& norm, const at::Tensor& x,
                      const std::optional<at::Tensor>& residual, bool relu) {
  if (!takes_fused_way(x) || (residual && !takes_fused_way(*residual)))
    return by_torch(norm, x, residual, relu);
  RECORD_FUNCTION("muster::batch_norm", std::vector<c10::IValue>{x});
  at::Tensor statistics;
  {
    const torch::NoGradGuard no_grad;
    statistics = norm.is_training() ? batch_statistics(norm, x) : running_statistics(norm);
  }
  return BatchNormFunction::apply(x, norm.weight, norm.bias,
                                  residual ? *residual : at::empty({0}, x.options()), statistics, relu,
                                  norm.is_training(), norm.options.eps());
}

}  // namespace muster::inline task
