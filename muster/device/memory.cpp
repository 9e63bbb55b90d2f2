#include "muster/device/memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "muster/base/error.h"
#include "muster/base/format.h"

namespace muster::inline device {

namespace {

constexpr size_t huge_page = size_t{2} << 20;
constexpr size_t slack = size_t{128} << 10;  // for staggered_start()

/// From this size on malloc never gives memory that was used before (32 MiB is glibc's largest threshold), so
/// there is nothing to lose by asking the system itself for pages, which are zero.
constexpr size_t fresh_from = size_t{32} << 20;

/// Vectors that all began on a huge page would compete for the same few sets of every cache when a pass goes
/// through many of them at once. So each begins at a line of its own within the first 128 KiB (measured with
/// 16 replicas: 58 % of the memory bandwidth instead of 56).
size_t staggered_start(const void* memory) {
  constexpr uint64_t golden = 0x9E3779B97F4A7C15U;
  constexpr size_t lines = 2048, line = 64;
  const uint64_t page = reinterpret_cast<uintptr_t>(memory) / huge_page;
  return static_cast<size_t>((page * golden) >> 53) % lines * line;
}

[[noreturn]] void refuse(size_t bytes) {
  throw Error("cannot get " + format_bytes(static_cast<double>(bytes)) + " of memory for a vector");
}

/// Zeros whose pages are allocated at the first write, by the thread that writes.
Block fresh_block(size_t bytes) {
  const size_t room = bytes + slack + huge_page;
  void* const memory = ::mmap(nullptr, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) refuse(bytes);
  const auto address = reinterpret_cast<uintptr_t>(memory);
  char* const aligned = static_cast<char*>(memory) + (huge_page - address % huge_page) % huge_page;
  ::madvise(aligned, bytes + slack, MADV_HUGEPAGE);  // advice: its failure costs speed only
  return {aligned + staggered_start(aligned), bytes,
          std::shared_ptr<void>(memory, [room](void* begin) { ::munmap(begin, room); })};
}

}  // namespace

Block host_block(size_t bytes) {
  constexpr size_t most = SIZE_MAX / 4;  // rounding up cannot overflow
  const bool large = bytes >= 2 * huge_page;
  const size_t alignment = large ? huge_page : 64;
  const size_t room = large ? bytes + slack : bytes;
  const size_t rounded = (room + alignment - 1) / alignment * alignment;
  void* const memory =
      bytes > most ? nullptr : std::aligned_alloc(alignment, rounded > 0 ? rounded : alignment);
  if (!memory) refuse(bytes);
  if (large) ::madvise(memory, rounded, MADV_HUGEPAGE);  // advice: its failure costs speed only
  void* const start = static_cast<char*>(memory) + (large ? staggered_start(memory) : 0);
  return {start, bytes, std::shared_ptr<void>(memory, std::free)};
}

std::shared_ptr<HostMemory> HostMemory::uninitialised(size_t bytes) {
  return std::make_shared<HostMemory>(host_block(bytes));
}

std::shared_ptr<HostMemory> HostMemory::zeroed(size_t bytes) {
  if (bytes >= fresh_from && bytes <= SIZE_MAX / 4) return std::make_shared<HostMemory>(fresh_block(bytes));
  auto memory = uninitialised(bytes);
  std::memset(memory->data(), 0, bytes);
  return memory;
}

bool Memory::exchange(Memory& a, Memory& b) {
  if (&a == &b || a.device() != b.device() || a.bytes() != b.bytes() || a.data() == b.data()) return false;
  Block of_a = a.give();
  a.take(b.give());
  b.take(std::move(of_a));
  return true;
}

}  // namespace muster::inline device
