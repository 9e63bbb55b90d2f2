#include "muster/checkpoint/stored_tensor.h"

#include <algorithm>
#include <array>
#include <string>

#include "muster/base/error.h"
#include "muster/flat/arithmetic.h"
#include "muster/flat/half_kernel.h"

namespace muster::inline checkpoint {

namespace {

struct Form {
  std::string_view name;
  int64_t bytes;
};

constexpr std::array<Form, 10> forms = {{{"F64", 8},
                                         {"F32", 4},
                                         {"F16", 2},
                                         {"BF16", 2},
                                         {"I64", 8},
                                         {"I32", 4},
                                         {"I16", 2},
                                         {"I8", 1},
                                         {"U8", 1},
                                         {"BOOL", 1}}};

StoredType stored_type(ElementType type) {
  switch (type) {
    case ElementType::float32:
      return StoredType::f32;
    case ElementType::float64:
      return StoredType::f64;
    case ElementType::int64:
      return StoredType::i64;
    case ElementType::byte:
      return StoredType::u8;
  }
  throw Bug("an element type that files do not hold");
}

/// Converts values of two bytes (f16, bf16) to float32.
Vector widened(const StoredTensor& half) {
  Vector wide = uninitialised_vector(half.elements(), ElementType::float32);
  fill(wide, -0.0);  // adding to it leaves every number as it is
  const auto* const message = half.content.data<uint8_t>();
  if (half.type == StoredType::f16)
    kernel::fp16_add(message, wide.size(), wide.data<float>());
  else
    kernel::bf16_add(message, wide.size(), wide.data<float>());
  return wide;
}

}  // namespace

std::string_view name_of(StoredType type) { return forms.at(static_cast<size_t>(type)).name; }

int64_t bytes_of(StoredType type) { return forms.at(static_cast<size_t>(type)).bytes; }

StoredTensor::StoredTensor(const ShapedVector& vector)
    : type(stored_type(vector.values.type())),
      shape(vector.shape),
      content(vector.values.as(ElementType::byte)) {}

ShapedVector StoredTensor::values(std::string_view name) const {
  switch (type) {
    case StoredType::f32:
      return {content.as(ElementType::float32), shape};
    case StoredType::f64:
      return {content.as(ElementType::float64), shape};
    case StoredType::i64:
      return {content.as(ElementType::int64), shape};
    case StoredType::u8:
      return {content, shape};
    default:
      throw DataError("tensor '" + std::string(name) + "' is of type " + std::string(name_of(type)) +
                      ": F32, F64, I64 or U8 is wanted");
  }
}

Vector StoredTensor::reals(ElementType wanted) const {
  invariant(is_floating(type) && is_real(wanted), "real numbers are made of real numbers");
  const bool half = type == StoredType::f16 || type == StoredType::bf16;
  const Vector held = half
                          ? widened(*this)
                          : content.as(type == StoredType::f32 ? ElementType::float32 : ElementType::float64);
  if (held.type() == wanted) return held;
  if (wanted == ElementType::float32) return as_float32(held);
  Vector wide = uninitialised_vector(held.size(), ElementType::float64);
  fill(wide, -0.0);
  add(wide, held);
  return wide;
}

}  // namespace muster::inline checkpoint
