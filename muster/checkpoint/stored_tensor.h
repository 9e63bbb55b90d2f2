#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/flat/state.h"

namespace muster::inline checkpoint {

/// The element types of tensors in files, by the names of the safetensors format.
enum class StoredType : uint8_t { f64, f32, f16, bf16, i64, i32, i16, i8, u8, boolean };

inline constexpr StoredType stored_types[] = {
    StoredType::f64, StoredType::f32, StoredType::f16, StoredType::bf16, StoredType::i64,
    StoredType::i32, StoredType::i16, StoredType::i8,  StoredType::u8,   StoredType::boolean};

/// "F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U8", "BOOL".
std::string_view name_of(StoredType type);
int64_t bytes_of(StoredType type);
constexpr bool is_floating(StoredType type) { return type <= StoredType::bf16; }

/// A tensor as it lies in a file: elements in the order of their last index, on the CPU.
struct StoredTensor {
  StoredType type = StoredType::f32;
  std::vector<int64_t> shape{};
  Vector content{};  ///< its bytes (ElementType::byte); shares memory with whoever made it

  StoredTensor() = default;
  StoredTensor(StoredType its_type, std::vector<int64_t> its_shape, Vector bytes)
      : type(its_type), shape(std::move(its_shape)), content(std::move(bytes)) {}
  /// Of a vector in memory; shares it.
  StoredTensor(
      const ShapedVector& vector);  // NOLINT(google-explicit-constructor): the same, as a file has it

  int64_t elements() const { return content.size() / bytes_of(type); }
  /// The values as a vector has them; shares memory. Throws DataError, with `name`, for types that vectors do
  /// not have.
  ShapedVector values(std::string_view name) const;
  /// The values of a floating type, rounded to float32 or float64; a vector of its own where that changes
  /// them. REQUIRES: is_floating(type), is_real(wanted).
  Vector reals(ElementType wanted) const;
};

}  // namespace muster::inline checkpoint
