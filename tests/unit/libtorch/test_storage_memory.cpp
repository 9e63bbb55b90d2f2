// Storages of LibTorch that exchange their bytes with other memory.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "muster/libtorch/storage_memory.h"
#include "muster/libtorch/tensor_vector.h"
#include "tests/support/other_device.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

constexpr int64_t size = 500;

/// Memory of the CPU whose bytes count who owns them.
struct Watched {
  std::shared_ptr<std::vector<float>> bytes = std::make_shared<std::vector<float>>(size, 1.0F);
  Vector vector{std::make_shared<HostMemory>(Block{bytes->data(), size * sizeof(float), bytes}),
                ElementType::float32, 0, size};
};

TEST(StorageMemory, ExchangesWithAHostVectorAgainAndAgain) {
  Watched host;
  const std::weak_ptr<std::vector<float>> watch = std::exchange(host.bytes, nullptr);
  {
    const Vector vector = storage_vector(size, ElementType::float32);
    const at::Tensor tensor = tensor_of(vector), view = tensor.narrow(0, 7, 1);
    void* const first = vector.host();
    void* const second = host.vector.host();
    for (int time = 0; time < 10; ++time) {
      ASSERT_TRUE(exchange_memory(vector, host.vector));
      EXPECT_EQ(vector.host(), time % 2 == 0 ? second : first);
      EXPECT_EQ(tensor.data_ptr(), vector.host());
      EXPECT_EQ(view.item<float>(), time % 2 == 0 ? 1 : 0) << "after " << time + 1 << " exchanges";
      EXPECT_EQ(host.vector.data<float>()[7], time % 2 == 0 ? 0 : 1);
      EXPECT_EQ(watch.use_count(), 1) << "an owner was wrapped by another one";
    }
    ASSERT_TRUE(exchange_memory(vector, host.vector));
    host.vector = Vector();
    EXPECT_FALSE(watch.expired()) << "the storage holds them now";
    EXPECT_EQ(view.item<float>(), 1);
  }
  EXPECT_TRUE(watch.expired()) << "they go with the storage";
}

/// A tensor whose memory notes when it is freed.
at::Tensor noting(std::vector<float>& memory, int& freed) {
  return at::from_blob(
      memory.data(), {size}, [&freed](void*) { ++freed; }, at::kFloat);
}

TEST(StorageMemory, BytesOfATensorAreFreedOnceByTheirLastHolder) {
  std::vector<float> memory(size, 5);
  int freed = 0;
  Vector host = flat_vector(size);
  {
    const at::Tensor tensor = noting(memory, freed);
    const Vector vector = vector_of(tensor);
    for (int time = 0; time < 3; ++time) ASSERT_TRUE(exchange_memory(vector, host));
    EXPECT_EQ(tensor[0].item<float>(), 0);
  }
  EXPECT_EQ(freed, 0) << "the vector has them";
  EXPECT_EQ(host.data<float>()[size - 1], 5);
  host = Vector();
  EXPECT_EQ(freed, 1);
}

TEST(StorageMemory, TwoStoragesExchange) {
  const at::Tensor a = at::full({size}, 1.0F), b = at::full({size}, 2.0F);
  const void* const of_a = a.data_ptr();
  for (int time = 0; time < 10; ++time) ASSERT_TRUE(exchange_memory(vector_of(a), vector_of(b)));
  EXPECT_EQ(a.data_ptr(), of_a);
  ASSERT_TRUE(exchange_memory(vector_of(a), vector_of(b)));
  EXPECT_EQ(b.data_ptr(), of_a);
  EXPECT_TRUE(at::equal(a, at::full({size}, 2.0F)));
  EXPECT_TRUE(at::equal(b, at::full({size}, 1.0F)));
}

TEST(StorageMemory, RefusesPartsOtherSizesDevicesAndItself) {
  const at::Tensor tensor = at::ones({8}), longer = at::zeros({9}), wider = at::zeros({8}, at::kDouble);
  const Vector whole = vector_of(tensor),
               away(std::make_shared<test::OtherDevice>(32), ElementType::float32, 0, 8);
  const Vector others[] = {vector_of(longer),
                           vector_of(wider),
                           vector_of(longer.narrow(0, 0, 8)),
                           vector_of(tensor),
                           vector_of(tensor.view({2, 4})),
                           away,
                           flat_vector(9)};
  for (const Vector& other : others) {
    EXPECT_FALSE(exchange_memory(whole, other));
    EXPECT_FALSE(exchange_memory(other, whole));
  }
  EXPECT_TRUE(at::equal(tensor, at::ones({8})));
  EXPECT_TRUE(at::equal(longer, at::zeros({9})));
}

TEST(StorageMemory, SaysWhereAndHowMuch) {
  const at::Tensor tensor = at::zeros({3}, at::kDouble);
  const StorageMemory memory(tensor.storage());
  EXPECT_EQ(memory.bytes(), 24U);
  EXPECT_EQ(memory.data(), tensor.data_ptr());
  EXPECT_EQ(memory.device(), Device{});
}

}  // namespace
}  // namespace muster
