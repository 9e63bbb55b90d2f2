#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

#include "muster/comm/codec/make_codec.h"
#include "muster/libtorch/tensor_vector.h"
#include "tests/contract/codec_contract.h"
#include "tests/support/codec_cases.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

void expect_same_numbers(const at::Tensor& a, const at::Tensor& b) {
  EXPECT_TRUE(at::equal(at::isnan(a), at::isnan(b)));
  EXPECT_TRUE(at::equal(at::nan_to_num(a, 7, 1e38, -1e38), at::nan_to_num(b, 7, 1e38, -1e38)));
}

// ATen's conversions are the yardstick: every half, and floats of all exponents, near ties too.
TEST(HalfCodecs, HaveTheBitsOfATensConversions) {
  std::vector<float> values;
  for (uint32_t high = 0; high < (1U << 16); ++high)
    for (const uint32_t low : {0U, 1U, 0x0FFFU, 0x1000U, 0x1001U, 0x7FFFU, 0x8000U, 0x8001U, 0xFFFFU})
      values.push_back(std::bit_cast<float>((high << 16) | low));
  const Vector vector = test::vector_from(values);
  for (const auto& [kind, type] : {std::pair{CodecKind::fp16, at::kHalf}, {CodecKind::bf16, at::kBFloat16}}) {
    const auto codec = make_codec({.kind = kind});
    const Vector out = test::passed_through(*codec, vector, contract::codec_key(1, 1));
    expect_same_numbers(tensor_of(out), tensor_of(vector).to(type).to(at::kFloat));
    // Every code, behind a sum's zero.
    std::vector<uint16_t> codes(1 << 16);
    for (size_t code = 0; code < codes.size(); ++code) codes[code] = static_cast<uint16_t>(code);
    const at::Tensor all = at::from_blob(codes.data(), {1 << 16}, type);
    const Vector message = vector_of(all.view(at::kByte));
    const Vector wide = contract::decoded(*codec, message, 1 << 16, ElementType::float32);
    expect_same_numbers(tensor_of(wide), all.to(at::kFloat));
  }
}

}  // namespace
}  // namespace muster
