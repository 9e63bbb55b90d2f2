#include "muster/flat/flat_buffer.h"

#include <ATen/Functions.h>
#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "muster/base/error.h"
#include "muster/base/format.h"

namespace muster {

namespace {

constexpr size_t huge_page = size_t{2} << 20;

/// Vectors that all began on a huge page would meet in the same few sets of every cache when a pass goes
/// through many of them at once. So each begins at a line of its own within the first 128 KiB (measured with
/// 16 replicas: 58 % of the memory bandwidth instead of 56).
size_t staggered_start(const void* memory) {
  constexpr uint64_t golden = 0x9E3779B97F4A7C15U;
  constexpr size_t lines = 2048, line = 64;
  const uint64_t page = reinterpret_cast<uintptr_t>(memory) / huge_page;
  return static_cast<size_t>((page * golden) >> 53) % lines * line;
}

}  // namespace

at::Tensor flat_vector(int64_t size, at::ScalarType type) {
  invariant(size >= 0, "a flat vector's size is not negative");
  const size_t bytes = static_cast<size_t>(size) * c10::elementSize(type);
  const bool large = bytes >= 2 * huge_page;
  const size_t alignment = large ? huge_page : 64;
  const size_t room = large ? bytes + (size_t{128} << 10) : bytes;
  const size_t rounded = (room + alignment - 1) / alignment * alignment;
  void* const memory = std::aligned_alloc(alignment, rounded > 0 ? rounded : alignment);
  if (!memory)
    throw Error("cannot get " + format_bytes(static_cast<double>(bytes)) + " of memory for a flat vector");
  if (large) ::madvise(memory, rounded, MADV_HUGEPAGE);  // advice: its failure costs speed only
  void* const start = static_cast<char*>(memory) + (large ? staggered_start(memory) : 0);
  std::memset(start, 0, bytes);
  return at::from_blob(
      start, {size}, [memory](void*) { std::free(memory); }, at::TensorOptions().dtype(type));
}

bool exchange_memory(at::Tensor& a, at::Tensor& b) {
  const auto is_all_of_it = [](const at::Tensor& vector) {
    return vector.storage_offset() == 0 && vector.is_contiguous() &&
           vector.storage().nbytes() == vector.nbytes();
  };
  if (a.sizes() != b.sizes() || a.scalar_type() != b.scalar_type() || a.device() != b.device() ||
      !is_all_of_it(a) || !is_all_of_it(b) || a.is_alias_of(b))
    return false;
  c10::StorageImpl& storage = *a.storage().unsafeGetStorageImpl();
  c10::StorageImpl& other = *b.storage().unsafeGetStorageImpl();
  other.set_data_ptr(storage.set_data_ptr(other.set_data_ptr(c10::DataPtr())));
  return true;
}

at::Tensor view_of(const at::Tensor& flat, const Piece& piece) {
  return flat.narrow(0, piece.offset, piece.size).view(piece.shape);
}

void require_flat(const at::Tensor& vector, int64_t size, at::ScalarType type, const char* what) {
  const bool real = type == at::kFloat || type == at::kDouble;
  if (real && vector.defined() && vector.is_cpu() && vector.dim() == 1 && vector.is_contiguous() &&
      vector.numel() == size && vector.scalar_type() == type)
    return;
  throw Bug(std::string(what) + " is not a contiguous float or double vector of " + std::to_string(size) +
            " elements");
}

}  // namespace muster
