#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include "muster/task/models/exponential.h"
#include "muster/task/models/gelu.h"

namespace muster {
namespace {

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

TEST(Gelu, IsTorchsTanhFormWithItsGradient) {
  for (const auto& [type, tolerance] :
       {std::pair{at::kDouble, 1e-13}, std::pair{at::kFloat, 4e-6}, std::pair{at::kBFloat16, 0.02}}) {
    const at::Tensor points = at::linspace(-12, 12, 1003, at::kDouble).to(type);
    const at::Tensor exact = points.to(at::kDouble, false, /*copy=*/true).requires_grad_(),
                     x = points.clone().requires_grad_();
    const at::Tensor expected = at::gelu(exact, "tanh"), y = tanh_gelu(x);
    EXPECT_EQ(y.scalar_type(), type);
    EXPECT_LT(largest_difference(y, expected), tolerance * (type == at::kBFloat16 ? 2 : 1));
    const at::Tensor above = at::linspace(0.5, 1.5, 1003, at::kDouble).to(type);
    (y * above).sum().backward();
    (expected * above.to(at::kDouble)).sum().backward();
    EXPECT_LT(largest_difference(x.grad(), exact.grad()), tolerance);
  }
}

TEST(Gelu, HandsOnWhatIsNoNumber) {
  const at::Tensor y = tanh_gelu(at::full({3}, NAN, at::kFloat));
  EXPECT_TRUE(y.isnan().all().item<bool>());
}

TEST(Exponential, IsExactToTwoUnitsInTheLastPlace) {
  for (float x = -87; x < 88; x += 0.0371F) {
    const double exact = std::exp(static_cast<double>(x));
    ASSERT_NEAR(kernel::exponential(x) / exact, 1.0, 2.4e-7) << x;
  }
  EXPECT_EQ(kernel::exponential(0.0F), 1.0F);
  EXPECT_GT(kernel::exponential(-1e30F), 0.0F);
  EXPECT_TRUE(std::isfinite(kernel::exponential(1e30F)));
  EXPECT_TRUE(std::isnan(kernel::exponential(NAN)));
}

}  // namespace
}  // namespace muster
