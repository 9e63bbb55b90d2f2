// Tensors and vectors that share memory.
#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "muster/base/error.h"
#include "muster/libtorch/tensor_vector.h"
#include "tests/support/other_device.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

using test::counted;
using test::to_std;
using test::vector_from;
using ::testing::HasSubstr;

constexpr ElementType types[] = {ElementType::float32, ElementType::float64, ElementType::int64,
                                 ElementType::byte};

std::string said(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "no Error";
}

TEST(ElementTypes, ComeBackFromTorch) {
  for (const ElementType type : types) {
    EXPECT_EQ(element_type(scalar_type(type)), type);
    EXPECT_EQ(static_cast<int64_t>(c10::elementSize(scalar_type(type))), bytes_of(type));
    EXPECT_STREQ(c10::toString(scalar_type(type)), name_of(type)) << "the names that PyTorch's users know";
  }
  EXPECT_EQ(scalar_type(ElementType::float32), at::kFloat);
  EXPECT_EQ(scalar_type(ElementType::float64), at::kDouble);
  EXPECT_EQ(scalar_type(ElementType::int64), at::kLong);
  EXPECT_EQ(scalar_type(ElementType::byte), at::kByte);
}

TEST(ElementTypes, ThatVectorsDoNotHaveAreErrors) {
  for (const at::ScalarType type :
       {at::kHalf, at::kBFloat16, at::kInt, at::kShort, at::kChar, at::kBool, at::kComplexFloat}) {
    EXPECT_THAT(said([&] { element_type(type); }),
                HasSubstr(std::string("type ") + c10::toString(type) + " cannot be used here"));
    EXPECT_THAT(said([&] { vector_of(at::zeros({3}, type)); }), HasSubstr(c10::toString(type)));
  }
}

TEST(TensorOf, SharesAVectorsMemory) {
  for (const ElementType type : types) {
    const Vector vector = counted(10, type);
    const at::Tensor tensor = tensor_of(vector);
    EXPECT_EQ(tensor.scalar_type(), scalar_type(type));
    EXPECT_EQ(tensor.sizes(), (std::vector<int64_t>{10}));
    EXPECT_EQ(tensor.data_ptr(), vector.host());
    EXPECT_TRUE(at::equal(tensor, at::arange(10, scalar_type(type))));
    tensor[3].fill_(77);
    EXPECT_TRUE(same_bits(vector_of(tensor), vector));
  }
  const Vector vector = counted(10), part = vector.part(4, 3);
  tensor_of(part).fill_(-1);
  EXPECT_EQ(to_std<float>(vector), (std::vector<float>{0, 1, 2, 3, -1, -1, -1, 7, 8, 9}));
  EXPECT_EQ(tensor_of(flat_vector(0)).numel(), 0);
  EXPECT_FALSE(tensor_of(vector).requires_grad());
}

TEST(TensorOf, KeepsTheMemoryOfAVectorThatIsGone) {
  Vector vector = counted(1000);
  const std::weak_ptr<Memory> memory = vector.memory();
  at::Tensor tensor = tensor_of(std::exchange(vector, Vector()));
  EXPECT_EQ(tensor[999].item<float>(), 999);
  tensor = at::Tensor();
  EXPECT_TRUE(memory.expired()) << "it goes with the tensor";
}

// The bytes that the tensor sees belong to the other vector from then on, and go with the last of both.
TEST(TensorOf, KeepsTheBytesThatAVectorGaveAway) {
  const Vector vector = counted(1000);
  const at::Tensor tensor = tensor_of(vector);
  {
    const Vector other = flat_vector(1000);
    ASSERT_TRUE(exchange_memory(vector, other));
    EXPECT_EQ(tensor.data_ptr(), other.host());
  }
  EXPECT_TRUE(at::equal(tensor, at::arange(1000, at::kFloat)));
  EXPECT_TRUE(same_bits(vector, flat_vector(1000)));
}

TEST(TensorOf, MemoryOfAnotherDeviceIsRefused) {
  const Vector away(std::make_shared<test::OtherDevice>(32), ElementType::float32, 0, 8);
  EXPECT_THAT(said([&] { tensor_of(away); }), HasSubstr("cuda:0"));
}

TEST(VectorOf, SharesATensorsMemory) {
  const at::Tensor tensor = at::arange(6, at::kDouble).view({2, 3});
  const Vector vector = vector_of(tensor);
  EXPECT_EQ(vector.size(), 6);
  EXPECT_EQ(vector.type(), ElementType::float64);
  EXPECT_TRUE(vector.device().is_cpu());
  EXPECT_TRUE(vector.is_whole());
  EXPECT_EQ(vector.host(), tensor.data_ptr());
  vector.data<double>()[4] = 9;
  EXPECT_EQ(tensor[1][1].item<double>(), 9);
  const at::Tensor again = tensor_of(vector);
  EXPECT_TRUE(again.storage().is_alias_of(tensor.storage()));
  EXPECT_EQ(again.dim(), 1);
  EXPECT_EQ(vector_of(at::empty({0, 3})).size(), 0);
  EXPECT_EQ(vector_of(at::full({}, 5.0)).data<float>()[0], 5) << "a scalar is one element";
}

TEST(VectorOf, PartsOfATensorBeginWhereTheyLie) {
  const at::Tensor whole = at::arange(24, at::kFloat).view({4, 6});
  const Vector rows = vector_of(whole.narrow(0, 1, 2));
  EXPECT_EQ(rows.begin(), 6);
  EXPECT_EQ(rows.size(), 12);
  EXPECT_FALSE(rows.is_whole());
  EXPECT_EQ(rows.data<float>()[0], 6);
  const at::Tensor tensor = tensor_of(rows.part(3, 2));
  EXPECT_EQ(tensor.storage_offset(), 9);
  EXPECT_TRUE(at::equal(tensor, at::tensor({9.0F, 10.0F})));
  tensor.fill_(0);
  EXPECT_EQ(whole[1][3].item<float>(), 0);
  EXPECT_TRUE(vector_of(whole[2]).is_same(vector_of(whole[2])) == false) << "each has a holder of its own";
}

TEST(VectorOf, OtherTensorsAreErrors) {
  const at::Tensor whole = at::zeros({8});
  for (const at::Tensor& tensor :
       {whole.slice(0, 0, 8, 2), whole.view({2, 4}).t(), whole.narrow(0, 0, 1).expand({3}), at::Tensor()})
    EXPECT_THAT(said([&] { vector_of(tensor); }), HasSubstr("contiguous"));
  const Vector nowhere = vector_of(at::empty({3}, at::TensorOptions().device(at::kMeta)));
  EXPECT_THAT(said([&] { nowhere.data<float>(); }), HasSubstr("meta"));
}

TEST(VectorOf, LeavesTheGraphAlone) {
  const at::Tensor weight = at::ones({3}).requires_grad_(true);
  const Vector vector = vector_of(weight);
  vector.data<float>()[0] = 5;
  EXPECT_EQ(weight.detach()[0].item<float>(), 5);
  EXPECT_FALSE(tensor_of(vector).requires_grad());
  EXPECT_TRUE(weight.requires_grad() && weight.is_leaf());
}

TEST(FlatTensor, IsZeroedAndAligned) {
  for (const int64_t size : {0L, 1L, 1000L, 3'000'000L})
    for (const at::Tensor& tensor :
         {flat_tensor(size, at::kDouble), flat_tensor(size, ElementType::float64)}) {
      ASSERT_EQ(tensor.numel(), size);
      EXPECT_EQ(tensor.scalar_type(), at::kDouble);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.data_ptr()) % 64, 0U);
      EXPECT_EQ(at::count_nonzero(tensor).item<int64_t>(), 0);
      EXPECT_TRUE(vector_of(tensor).is_whole());
    }
  EXPECT_EQ(flat_tensor(3).scalar_type(), at::kFloat);
}

TEST(FlatTensor, ViewsShareItsMemory) {
  Layout layout;
  layout.add("first", {5});
  layout.add("second", {2, 3});
  const at::Tensor flat = flat_tensor(layout.size());
  at::Tensor view = view_of(flat, layout.pieces()[1]);
  EXPECT_EQ(view.sizes(), (std::vector<int64_t>{2, 3}));
  view.fill_(7);
  for (int64_t i = 0; i < 11; ++i) EXPECT_EQ(flat.data_ptr<float>()[i], i < 5 ? 0 : 7);
}

TEST(StorageVector, IsWhatATensorFollows) {
  const Vector vector = storage_vector(1000, ElementType::float32),
               other = vector_from(std::vector<float>(1000, 2));
  const at::Tensor tensor = tensor_of(vector), view = tensor.narrow(0, 10, 20).view({4, 5});
  EXPECT_TRUE(vector.is_whole());
  const void* const memory = vector.host();
  ASSERT_TRUE(exchange_memory(vector, other));
  EXPECT_EQ(other.host(), memory);
  EXPECT_TRUE(at::equal(tensor, at::full({1000}, 2.0F)));
  EXPECT_TRUE(at::equal(view, at::full({4, 5}, 2.0F)));
  view.fill_(3);
  EXPECT_EQ(vector.data<float>()[10], 3);
  EXPECT_EQ(to_std<float>(other), std::vector<float>(1000, 0));
}

}  // namespace
}  // namespace muster
