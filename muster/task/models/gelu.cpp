#include "muster/task/models/gelu.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <ATen/record_function.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <numbers>

#include "muster/base/error.h"
#include "muster/task/models/gelu_kernel.h"

namespace muster::inline task {

namespace {

template <class Work>
void with_type(at::ScalarType type, Work work) {
  switch (type) {
    case at::kFloat:
      return work(float{});
    case at::kDouble:
      return work(double{});
    case at::kBFloat16:
      return work(c10::BFloat16{});
    default:
      throw Bug("GELU of a type that it does not know");
  }
}

struct Gelu : torch::autograd::Function<Gelu> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& given) {
    const at::Tensor x = given.contiguous();
    at::Tensor y = at::empty_like(x);
    with_type(x.scalar_type(), [&](auto kind) {
      using T = decltype(kind);
      kernel::gelu(x.data_ptr<T>(), y.data_ptr<T>(), x.numel());
    });
    context->save_for_backward({x});
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const at::Tensor x = context->get_saved_variables()[0];
    if (at::GradMode::is_enabled()) return {differentiable_slope(x) * gradients[0]};
    const at::Tensor gradient = gradients[0].to(x.scalar_type()).contiguous();
    at::Tensor slope = at::empty_like(x);
    with_type(x.scalar_type(), [&](auto kind) {
      using T = decltype(kind);
      kernel::gelu_backward(x.data_ptr<T>(), gradient.data_ptr<T>(), slope.data_ptr<T>(), x.numel());
    });
    return {slope};
  }

  // d gelu / dx by operations that can be differentiated once more.
  static at::Tensor differentiable_slope(const at::Tensor& x) {
    const double scale = std::sqrt(2 / std::numbers::pi), cubic = 0.044715;
    const at::Tensor bent = (scale * (x + cubic * x.pow(3))).tanh();
    return 0.5 * (1 + bent) + 0.5 * x * (1 - bent.square()) * scale * (1 + 3 * cubic * x.square());
  }
};

}  // namespace

at::Tensor tanh_gelu(const at::Tensor& x) {
  RECORD_FUNCTION("muster::tanh_gelu", std::vector<c10::IValue>{x});
  return Gelu::apply(x);
}

}  // namespace muster::inline task
