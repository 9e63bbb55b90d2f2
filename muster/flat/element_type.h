#pragma once

#include <cstdint>

namespace muster::inline flat {

/// The type of a vector's elements. Trained parameters are float32 or float64.
enum class ElementType : uint8_t { float32, float64, int64, byte };

constexpr int64_t bytes_of(ElementType type) {
  return type == ElementType::byte ? 1 : type == ElementType::float32 ? 4 : 8;
}

constexpr bool is_real(ElementType type) {
  return type == ElementType::float32 || type == ElementType::float64;
}

/// "Float", "Double", "Long", "Byte": the names that PyTorch's users know.
const char* name_of(ElementType type);

template <class T>
struct ElementTypeOf;
template <>
struct ElementTypeOf<float> {
  static constexpr ElementType value = ElementType::float32;
};
template <>
struct ElementTypeOf<double> {
  static constexpr ElementType value = ElementType::float64;
};
template <>
struct ElementTypeOf<int64_t> {
  static constexpr ElementType value = ElementType::int64;
};
template <>
struct ElementTypeOf<uint8_t> {
  static constexpr ElementType value = ElementType::byte;
};
template <class T>
inline constexpr ElementType element_type_of = ElementTypeOf<T>::value;

}  // namespace muster::inline flat
