#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "muster/base/error.h"
#include "muster/device/memory.h"
#include "tests/support/other_device.h"

namespace muster {
namespace {

constexpr size_t mebibyte = size_t{1} << 20;

std::byte& first_byte(const Memory& memory) { return *static_cast<std::byte*>(memory.data()); }

TEST(Device, HasTheNameThatUsersKnow) {
  EXPECT_EQ(Device{}.name(), "cpu");
  EXPECT_EQ((Device{Device::Kind::cuda, 0}).name(), "cuda:0");
  EXPECT_EQ((Device{Device::Kind::cuda, 11}).name(), "cuda:11");
  EXPECT_TRUE(Device{}.is_cpu());
  EXPECT_FALSE((Device{Device::Kind::cuda, 0}).is_cpu());
  EXPECT_NE((Device{Device::Kind::cuda, 0}), (Device{Device::Kind::cuda, 1}));
}

// Huge pages begin at 4 MiB, fresh ones at 32.
TEST(HostMemory, BeginsAtALineAndIsZero) {
  for (const size_t bytes : {size_t{0}, size_t{1}, size_t{63}, size_t{4001}, 4 * mebibyte - 1, 4 * mebibyte,
                             4 * mebibyte + 1, 9 * mebibyte + 5, 32 * mebibyte, 33 * mebibyte + 7}) {
    const auto memory = HostMemory::zeroed(bytes);
    EXPECT_EQ(memory->bytes(), bytes);
    EXPECT_EQ(memory->device(), Device{});
    ASSERT_NE(memory->data(), nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory->data()) % 64, 0U) << bytes;
    const auto* const at = static_cast<const unsigned char*>(memory->data());
    size_t others = 0;
    for (size_t i = 0; i < bytes; ++i) others += at[i] != 0 ? 1U : 0U;
    EXPECT_EQ(others, 0U) << bytes;
    if (bytes == 0) continue;
    std::memset(memory->data(), 0xAB, bytes);  // all of it is ours
    EXPECT_EQ(at[bytes - 1], 0xAB);
  }
}

TEST(HostMemory, ThatIsNotThereIsAnErrorThatSaysHowMuch) {
  for (const size_t bytes : {size_t{1} << 60, SIZE_MAX - 5}) {
    try {
      HostMemory::uninitialised(bytes);
      FAIL() << bytes;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("of memory for a vector"), std::string::npos) << error.what();
    }
  }
}

TEST(HostMemory, KeepsTheOwnerOfItsBytes) {
  auto bytes = std::make_shared<std::array<std::byte, 16>>();
  const std::weak_ptr<void> watched = bytes;
  void* const data = bytes->data();
  {
    const HostMemory memory(Block{data, 16, std::move(bytes)});
    EXPECT_EQ(memory.data(), data);
    EXPECT_FALSE(watched.expired());
  }
  EXPECT_TRUE(watched.expired());
}

TEST(Memory, ExchangeMovesNoBytes) {
  const auto a = HostMemory::zeroed(100), b = HostMemory::zeroed(100);
  first_byte(*b) = std::byte{7};
  void *const of_a = a->data(), *const of_b = b->data();
  ASSERT_TRUE(Memory::exchange(*a, *b));
  EXPECT_EQ(a->data(), of_b);
  EXPECT_EQ(b->data(), of_a);
  EXPECT_EQ(first_byte(*a), std::byte{7});
  EXPECT_EQ(first_byte(*b), std::byte{0});
  ASSERT_TRUE(Memory::exchange(*b, *a));
  EXPECT_EQ(a->data(), of_a);
  EXPECT_EQ(b->data(), of_b);
}

TEST(Memory, ExchangedBytesGoWithTheirNewHolder) {
  auto first = std::make_shared<std::array<std::byte, 8>>(), second = first;
  second = std::make_shared<std::array<std::byte, 8>>();
  const std::weak_ptr<void> watch_first = first, watch_second = second;
  void *const at_first = first->data(), *const at_second = second->data();
  HostMemory stays(Block{at_first, 8, std::move(first)});
  {
    HostMemory goes(Block{at_second, 8, std::move(second)});
    ASSERT_TRUE(Memory::exchange(stays, goes));
  }
  EXPECT_TRUE(watch_first.expired());
  EXPECT_FALSE(watch_second.expired());
  EXPECT_EQ(stays.data(), at_second);
}

TEST(Memory, OtherSizesDevicesAndTheSameBytesAreNotExchanged) {
  const auto memory = HostMemory::zeroed(64), longer = HostMemory::zeroed(65);
  HostMemory same(Block{memory->data(), 64, memory});
  test::OtherDevice gpu(64), other_gpu(64, 1), third_gpu(64, 1);
  void* const data = memory->data();
  Memory* const refused[] = {longer.get(), &same, &gpu, memory.get()};
  for (Memory* const other : refused) {
    EXPECT_FALSE(Memory::exchange(*memory, *other));
    EXPECT_FALSE(Memory::exchange(*other, *memory));
  }
  EXPECT_FALSE(Memory::exchange(gpu, other_gpu));
  EXPECT_EQ(memory->data(), data);
  void* const on_gpu = other_gpu.data();
  EXPECT_TRUE(Memory::exchange(other_gpu, third_gpu)) << "of one device";
  EXPECT_EQ(third_gpu.data(), on_gpu);
}

}  // namespace
}  // namespace muster
