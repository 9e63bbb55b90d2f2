#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "muster/device/memory.h"
#include "muster/flat/element_type.h"

namespace muster::inline flat {

/// A contiguous stretch of elements in some memory: a view, copied like a pointer. Two of them may share
/// memory; a const Vector always views the same stretch, and what lies there can be changed through it.
class Vector {
 public:
  /// An undefined vector: only defined() (false) and size() (0) may be called.
  Vector() = default;
  /// The `size` elements from element `begin` of the memory on. REQUIRES: they lie within it.
  Vector(std::shared_ptr<Memory> memory, ElementType type, int64_t begin, int64_t size);

  bool defined() const { return memory_ != nullptr; }
  int64_t size() const { return size_; }  ///< elements
  ElementType type() const { return type_; }
  int64_t bytes() const { return size_ * bytes_of(type_); }
  Device device() const { return memory_->device(); }

  /// The first element. Throws Bug where the elements are of another type, Error where they do not lie in the
  /// CPU's memory.
  template <class T>
  T* data() const {
    return static_cast<T*>(host(element_type_of<T>));
  }
  /// The address of the first element, of any type. Throws Error where it does not lie in the CPU's memory.
  void* host() const;
  /// All its bytes, in the CPU's memory. Throws Error where they do not lie there.
  std::span<std::byte> host_bytes() const {
    return {static_cast<std::byte*>(host()), static_cast<size_t>(bytes())};
  }
  /// The address on its device.
  void* address() const;

  /// The elements [begin, begin + size) of this one; shares its memory.
  Vector part(int64_t begin, int64_t size) const;
  /// The same bytes as elements of another type. REQUIRES: begin and length in bytes are multiples of its
  /// size.
  Vector as(ElementType type) const;
  /// Takes the values of `other`. REQUIRES: the same size and type. Both on the CPU (throws Error otherwise);
  /// they may be the same stretch, but not overlap otherwise.
  void copy_from(const Vector& other) const;
  /// A copy in memory of its own.
  Vector copy() const;
  void fill_zero() const;

  const std::shared_ptr<Memory>& memory() const { return memory_; }
  int64_t begin() const { return begin_; }  ///< in its memory, in elements
  /// Whether it covers the whole of its memory.
  bool is_whole() const;
  /// The same stretch of the same memory.
  bool is_same(const Vector& other) const;

 private:
  void* host(ElementType type) const;

  std::shared_ptr<Memory> memory_;
  ElementType type_ = ElementType::float32;
  int64_t begin_ = 0;
  int64_t size_ = 0;
};

/// Zeros in memory of their own on the CPU (see HostMemory). Throws Error where there is no memory.
Vector flat_vector(int64_t size, ElementType type = ElementType::float32);
/// The same with unspecified content.
Vector uninitialised_vector(int64_t size, ElementType type);

/// Swaps the memory of two vectors of one size and type without copying: all other views of either memory see
/// the swapped content from then on; raw pointers taken before do not. Returns false and changes nothing
/// where one of them is only a part of its memory, or where Memory::exchange() fails.
bool exchange_memory(const Vector& a, const Vector& b);

/// True when `a` can be copied into `b` as it is: the same length and type.
inline bool same_form(const Vector& a, const Vector& b) {
  return a.size() == b.size() && a.type() == b.type();
}

/// Bitwise equality of form and content; both on the CPU.
bool same_bits(const Vector& a, const Vector& b);

/// Checks that `vector` lies on the CPU and has this size and type, float32 or float64. Throws Bug with
/// `what` (the vector's role) where it does not, Error where it lies on another device.
void require_flat(const Vector& vector, int64_t size, ElementType type, const char* what);

}  // namespace muster::inline flat
