#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <cmath>

#include "muster/base/random.h"
#include "muster/task/models/attention.h"
#include "muster/task/models/attention_product.h"
#include "muster/task/models/rotary.h"

namespace muster {
namespace {

at::Tensor random_tensor(std::vector<int64_t> shape, uint64_t key) {
  at::Tensor tensor = at::empty(shape, at::kDouble);
  RandomStream stream({5, Purpose::test, key, 0});
  for (int64_t i = 0; i < tensor.numel(); ++i) tensor.data_ptr<double>()[i] = stream.normal();
  return tensor;
}

// heads x ... of the three parts, as the formula reads.
at::Tensor plain_attention(const at::Tensor& qkv, int64_t heads) {
  const int64_t batch = qkv.size(0), places = qkv.size(1);
  const auto parts = qkv.view({batch, places, 3, heads, -1}).permute({2, 0, 3, 1, 4});
  const at::Tensor scores =
      at::matmul(parts[0], parts[1].transpose(-2, -1)) / std::sqrt(static_cast<double>(parts.size(-1)));
  const at::Tensor later = at::ones({places, places}, at::kBool).triu(1);
  const at::Tensor weights = scores.masked_fill(later, -INFINITY).softmax(-1);
  return at::matmul(weights, parts[2]).transpose(1, 2).reshape({batch, places, -1});
}

// Pairs as complex numbers times e^(i angle).
at::Tensor plain_rotation(const at::Tensor& qkv, int64_t heads) {
  const int64_t places = qkv.size(1);
  const at::Tensor parts = qkv.view({qkv.size(0), places, 3, heads, -1, 2});
  const auto pairs = static_cast<double>(parts.size(4));
  const at::Tensor rates = at::pow(10000.0, at::arange(0, parts.size(4), at::kDouble) / -pairs);
  const at::Tensor angles =
      (at::arange(0, places, at::kDouble).unsqueeze(1) * rates).view({places, 1, 1, -1});
  const at::Tensor a = parts.select(-1, 0), b = parts.select(-1, 1);
  const at::Tensor turned =
      at::stack({a * angles.cos() - b * angles.sin(), b * angles.cos() + a * angles.sin()}, -1);
  return at::cat({turned.narrow(2, 0, 2), parts.narrow(2, 2, 1)}, 2).reshape(qkv.sizes());
}

double distance(const at::Tensor& a, const at::Tensor& b) {
  return ((a.to(at::kDouble) - b.to(at::kDouble)).norm() / b.to(at::kDouble).norm()).item<double>();
}

struct Case {
  int64_t batch, places, heads, width;
};
std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.batch << "x" << c.places << "x" << c.heads << "x" << c.width;
}

class Attention : public ::testing::TestWithParam<Case> {
 protected:
  // One place, part of a block of queries, exactly one, and several with a short last one.
  at::Tensor qkv() const {
    const Case& c = GetParam();
    return random_tensor({c.batch, c.places, 3 * c.heads * c.width}, static_cast<uint64_t>(c.places));
  }
};

TEST_P(Attention, IsTheFormulaWithItsGradient) {
  for (const bool rotary : {false, true}) {
    const int64_t heads = GetParam().heads;
    const at::Tensor table =
        rotary ? rotary_table(GetParam().places, GetParam().width, at::kDouble) : at::Tensor();
    const at::Tensor ours = qkv().requires_grad_(), plain = qkv().requires_grad_();
    const at::Tensor y = causal_attention(ours, heads, table);
    const at::Tensor expected = plain_attention(rotary ? plain_rotation(plain, heads) : plain, heads);
    EXPECT_LT(distance(y, expected), 1e-13);
    const at::Tensor above = random_tensor(y.sizes().vec(), 99);
    (y * above).sum().backward();
    (expected * above).sum().backward();
    EXPECT_LT(distance(ours.grad(), plain.grad()), 1e-12) << (rotary ? "rotary" : "learned");
  }
}

TEST_P(Attention, InSinglePrecisionAndBf16IsCloseToDouble) {
  const at::Tensor exact = qkv().requires_grad_();
  const at::Tensor expected = causal_attention(exact, GetParam().heads);
  expected.sum().backward();
  for (const auto& [type, tolerance] : {std::pair{at::kFloat, 2e-6}, std::pair{at::kBFloat16, 0.02}}) {
    const at::Tensor x = qkv().to(type).requires_grad_();
    const at::Tensor y = causal_attention(x, GetParam().heads);
    EXPECT_EQ(y.scalar_type(), type);
    EXPECT_LT(distance(y, expected), tolerance);
    y.sum().backward();
    // At one place there is nothing to choose from: the gradient of queries and keys is zero.
    EXPECT_LT(distance(x.grad(), exact.grad()), tolerance);
  }
}

TEST_P(Attention, SeesNoLaterPlace) {
  const at::Tensor x = qkv();
  const int64_t places = x.size(1), seen = (places + 1) / 2;
  const at::Tensor before = causal_attention(x, GetParam().heads).narrow(1, 0, seen).clone();
  x.narrow(1, seen, places - seen).mul_(-3).add_(1);
  EXPECT_TRUE(at::equal(causal_attention(x, GetParam().heads).narrow(1, 0, seen), before));
}

INSTANTIATE_TEST_SUITE_P(Shapes, Attention,
                         ::testing::Values(Case{2, 1, 2, 4}, Case{1, 7, 1, 2}, Case{2, 64, 2, 8},
                                           Case{1, 65, 3, 10}, Case{2, 150, 1, 16}));

TEST(AttentionWeights, StayFiniteForHugeProducts) {
  const at::Tensor x = random_tensor({1, 9, 12}, 1).mul(300).to(at::kFloat).requires_grad_();
  const at::Tensor y = causal_attention(x, 1);
  y.sum().backward();
  EXPECT_TRUE(y.isfinite().all().item<bool>());
  EXPECT_TRUE(x.grad().isfinite().all().item<bool>());
}

TEST(RotaryPositions, ProductsDependOnTheDistanceAlone) {
  constexpr int64_t places = 20, width = 8;
  const at::Tensor table = rotary_table(places, width, at::kDouble);
  // The same query and the same key at every place.
  at::Tensor qkv = random_tensor({1, 1, 3 * width}, 2).expand({1, places, 3 * width}).contiguous();
  const at::Tensor start = qkv.clone();
  rotate(qkv, 1, table, Turn::forth);
  const auto product = [&](int64_t query, int64_t key) {
    return qkv[0][query].narrow(0, 0, width).dot(qkv[0][key].narrow(0, width, width)).item<double>();
  };
  EXPECT_NEAR(product(7, 3), product(16, 12), 1e-12);
  EXPECT_NEAR(product(5, 5), product(0, 0), 1e-12);
  EXPECT_GT(std::abs(product(7, 3) - product(8, 3)), 1e-3);
  EXPECT_TRUE(at::equal(qkv.narrow(2, 2 * width, width), start.narrow(2, 2 * width, width)));
  rotate(qkv, 1, table, Turn::back);
  EXPECT_LT(distance(qkv, start), 1e-14);
}

TEST(AttentionProduct, IsTheProductOfPartsOfMatrices) {
  const at::Tensor left = random_tensor({6, 9}, 1), right = random_tensor({8, 9}, 2);
  at::Tensor out = at::ones({6, 10}, at::kDouble);
  const Matrix<const double> a{left.data_ptr<double>(), 9}, b{right.data_ptr<double>(), 9};
  const Matrix<double> c{out.data_ptr<double>() + 1, 10};
  const at::Tensor a_part = left.narrow(1, 0, 4), b_part = right.narrow(1, 0, 4);
  multiply(Product::transpose_second, 6, 8, 4, a, b, 0.0, c);
  EXPECT_LT(distance(out.narrow(1, 1, 8), at::mm(a_part, b_part.t())), 1e-14);
  EXPECT_EQ(out.narrow(1, 0, 1).sum().item<double>(), 6);
  EXPECT_EQ(out.narrow(1, 9, 1).sum().item<double>(), 6);
  multiply(Product::transpose_first, 4, 5, 6, a, b, 0.0, c);
  EXPECT_LT(distance(out.narrow(0, 0, 4).narrow(1, 1, 5),
                     at::mm(a_part.t(), right.narrow(0, 0, 6).narrow(1, 0, 5))),
            1e-14);
  const at::Tensor before = out.narrow(0, 0, 6).narrow(1, 1, 5).clone();
  multiply(Product::plain, 6, 5, 4, a, b, 1.0, c);
  EXPECT_LT(distance(out.narrow(1, 1, 5), before + at::mm(a_part, right.narrow(0, 0, 4).narrow(1, 0, 5))),
            1e-14);
}

}  // namespace
}  // namespace muster
