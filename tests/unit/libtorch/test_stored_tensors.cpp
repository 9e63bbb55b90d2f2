// Tensors of LibTorch as files hold them, and back.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "muster/base/error.h"
#include "muster/checkpoint/safetensors.h"
#include "muster/libtorch/stored_tensors.h"
#include "muster/libtorch/tensor_vector.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using testing::HasSubstr;

const std::vector<std::pair<at::ScalarType, StoredType>> types = {
    {at::kDouble, StoredType::f64},    {at::kFloat, StoredType::f32}, {at::kHalf, StoredType::f16},
    {at::kBFloat16, StoredType::bf16}, {at::kLong, StoredType::i64},  {at::kInt, StoredType::i32},
    {at::kShort, StoredType::i16},     {at::kChar, StoredType::i8},   {at::kByte, StoredType::u8},
    {at::kBool, StoredType::boolean}};

/// 2 x 3 values that every type can tell apart, if only by zero.
at::Tensor numbers(at::ScalarType type) { return at::arange(6, at::kFloat).view({2, 3}).to(type); }

bool same_bytes(const at::Tensor& a, const at::Tensor& b) {
  if (a.scalar_type() != b.scalar_type() || a.sizes() != b.sizes()) return false;
  const at::Tensor left = a.contiguous(), right = b.contiguous();
  return left.nbytes() == 0 || std::memcmp(left.data_ptr(), right.data_ptr(), left.nbytes()) == 0;
}

TEST(StoredTensors, EveryTypeThereAndBackInTheSameMemory) {
  for (const auto& [scalar, type] : types) {
    const at::Tensor tensor = numbers(scalar);
    const StoredTensor there = stored(tensor);
    EXPECT_EQ(there.type, type) << name_of(type);
    EXPECT_EQ(there.shape, (std::vector<int64_t>{2, 3}));
    EXPECT_EQ(there.elements(), 6);
    EXPECT_EQ(bytes_of(type), static_cast<int64_t>(tensor.element_size())) << name_of(type);
    EXPECT_EQ(there.content.address(), tensor.data_ptr()) << name_of(type);
    const at::Tensor back = tensor_of(there);
    EXPECT_TRUE(same_bytes(back, tensor)) << name_of(type);
    EXPECT_EQ(back.data_ptr(), tensor.data_ptr()) << name_of(type);
    tensor[1][2] = 0;
    EXPECT_TRUE(same_bytes(back, tensor)) << name_of(type) << ": one memory";
  }
}

TEST(StoredTensors, BytesAreThoseOfTheFormat) {
  const float inf = std::numeric_limits<float>::infinity();
  const StoredTensor half = stored(at::tensor({1.0f, -0.0f, inf}, at::kFloat).to(at::kHalf)),
                     brain = stored(at::tensor({1.0f, -2.0f, -inf}, at::kFloat).to(at::kBFloat16)),
                     flags = stored(at::tensor({0, 1, 1}, at::kInt).to(at::kBool));
  const auto words = [](const StoredTensor& of) {
    std::vector<uint16_t> made(3);
    std::memcpy(made.data(), of.content.host(), 6);
    return made;
  };
  EXPECT_EQ(words(half), (std::vector<uint16_t>{0x3C00, 0x8000, 0x7C00}));
  EXPECT_EQ(words(brain), (std::vector<uint16_t>{0x3F80, 0xC000, 0xFF80}));
  const auto* const bytes = flags.content.data<uint8_t>();
  EXPECT_EQ(std::vector<uint8_t>(bytes, bytes + 3), (std::vector<uint8_t>{0, 1, 1}));
}

TEST(StoredTensors, TransposedOnesAreTheirValuesInOrder) {
  const at::Tensor flat = at::arange(12, at::kFloat), turned = flat.view({3, 4}).t();
  const StoredTensor there = stored(turned);
  EXPECT_EQ(there.shape, (std::vector<int64_t>{4, 3}));
  EXPECT_NE(there.content.address(), flat.data_ptr());
  const auto* const values = there.values("turned").values.data<float>();
  EXPECT_EQ(std::vector<float>(values, values + 12),
            (std::vector<float>{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}));
  EXPECT_TRUE(same_bytes(tensor_of(there), turned));
}

TEST(StoredTensors, PartsShareTheirPlace) {
  for (const auto& [scalar, type] : types) {
    const at::Tensor flat = numbers(scalar).view({6}), part = flat.slice(0, 2, 5);
    const StoredTensor there = stored(part);
    EXPECT_EQ(there.content.address(), part.data_ptr()) << name_of(type);
    EXPECT_EQ(there.elements(), 3);
    EXPECT_TRUE(same_bytes(tensor_of(there), part)) << name_of(type);
  }
}

TEST(StoredTensors, ViewsAndStridesAreWrittenAsTheirValues) {
  const test::TemporaryFolder folder;
  const at::Tensor flat = at::arange(12, at::kFloat);
  const std::vector<std::pair<std::string, at::Tensor>> named = {{"t", flat.view({3, 4}).t()},
                                                                 {"part", flat.slice(0, 5, 7)}};
  write_safetensors(folder / "m", stored(named));
  const auto read = tensors_of(read_safetensors(folder / "m").tensors);
  EXPECT_TRUE(at::equal(read.at("t"), flat.view({3, 4}).t()));
  EXPECT_TRUE(at::equal(read.at("part"), flat.slice(0, 5, 7)));
}

TEST(StoredTensors, EveryTypeComesBackFromAFile) {
  const test::TemporaryFolder folder;
  std::map<std::string, at::Tensor> written;
  for (const auto& [scalar, type] : types) written[std::string(name_of(type))] = numbers(scalar);
  written["scalar"] = at::full({}, 2.5, at::kFloat);
  written["empty"] = at::empty({0, 4}, at::kFloat);
  const auto file = stored(written);
  write_safetensors(folder / "m", {file.begin(), file.end()});
  const auto read = tensors_of(read_safetensors(folder / "m").tensors);
  ASSERT_EQ(read.size(), written.size());
  for (const auto& [name, tensor] : written) EXPECT_TRUE(same_bytes(read.at(name), tensor)) << name;
}

TEST(StoredTensors, ScalarsAndEmptyOnesKeepTheirShape) {
  const StoredTensor scalar = stored(at::full({}, 2.5, at::kFloat)), empty = stored(at::empty({0, 4}));
  EXPECT_TRUE(scalar.shape.empty());
  EXPECT_EQ(scalar.elements(), 1);
  EXPECT_EQ(tensor_of(scalar).item<float>(), 2.5f);
  EXPECT_EQ(empty.shape, (std::vector<int64_t>{0, 4}));
  EXPECT_EQ(tensor_of(empty).sizes().vec(), (std::vector<int64_t>{0, 4}));
}

TEST(StoredTensors, NamesKeepTheirOrder) {
  const std::vector<std::pair<std::string, at::Tensor>> named = {
      {"z", numbers(at::kFloat)}, {"a", numbers(at::kLong)}, {"m", numbers(at::kBool)}};
  const NamedTensors there = stored(named);
  const auto back = tensors_of(there);
  ASSERT_EQ(there.size(), 3U);
  for (size_t i = 0; i < named.size(); ++i) {
    EXPECT_EQ(there[i].first, named[i].first);
    EXPECT_EQ(back[i].first, named[i].first);
    EXPECT_TRUE(same_bytes(back[i].second, named[i].second));
  }
}

TEST(StoredTensors, TheMemoryLivesAsLongAsEitherDoes) {
  at::Tensor tensor = numbers(at::kFloat);
  StoredTensor there = stored(tensor);
  tensor = at::Tensor();
  at::Tensor back = tensor_of(there);
  there = StoredTensor();
  EXPECT_TRUE(same_bytes(back, numbers(at::kFloat)));
  StoredTensor again = stored(back);
  back = at::Tensor();
  EXPECT_TRUE(same_bytes(tensor_of(again), numbers(at::kFloat)));
}

TEST(StoredTensors, AParameterNeedsNoGradientThere) {
  const at::Tensor parameter = numbers(at::kFloat).requires_grad_(true);
  EXPECT_FALSE(tensor_of(stored(parameter)).requires_grad());
  EXPECT_TRUE(parameter.requires_grad());
}

TEST(StoredTensors, TypesThatFilesDoNotHoldAreRefused) {
  try {
    stored(at::ones({1}, at::kComplexFloat));
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("ComplexFloat"));
  }
}

// A second opinion on every half: LibTorch's own conversion.
TEST(StoredTensors, HalvesBecomeTheNumbersThatLibTorchMakesOfThem) {
  const at::Tensor bits = at::arange(-32768, 32768, at::kInt).to(at::kShort);
  for (const at::ScalarType type : {at::kHalf, at::kBFloat16}) {
    const at::Tensor half = bits.view(type);
    const Vector values = stored(half).reals(ElementType::float32);
    const at::Tensor ours = tensor_of(values), theirs = half.to(at::kFloat);
    EXPECT_TRUE(at::equal(ours.isnan(), theirs.isnan()));
    const at::Tensor sound = theirs.isnan().logical_not();
    EXPECT_TRUE(same_bytes(ours.masked_select(sound), theirs.masked_select(sound)));
  }
}

}  // namespace
}  // namespace muster
