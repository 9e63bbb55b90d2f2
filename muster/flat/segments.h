#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "muster/flat/parameter_source.h"

namespace muster {

/// One tensor of a user's model in the CPU's memory. Elements lie where `strides` says: element (i, j, ...)
/// at values[i * strides[0] + j * strides[1] + ...].
struct Segment {
  void* values = nullptr;
  std::vector<int64_t> shape{};
  ElementType type = ElementType::float32;
  /// Of the same shape, type and strides; null: it has none. A gradient that is to be averaged must be there
  /// on all ranks or on none.
  void* gradient = nullptr;
  std::vector<int64_t> strides{};  ///< in elements; empty: the last index runs fastest, without gaps
  bool trained = true;             ///< false: frozen; it takes rank 0's values once and never travels again
  std::string name{};              ///< for messages; empty: "segment 3"
};

/// The parameters of a model that knows no library of tensors: pointers, shapes, strides.
///
///     muster::Segments model{{weights.data(), {3, 4}}, {bias.data(), {4}}};
///     muster::LocalUpdates local(model, *group, muster::ConstantPeriod{{.base_period = 8}}, steps);
struct Segments {
  std::vector<Segment> segments{};
  /// Where the memory may move (a vector that grows, a tensor that is replaced): says where everything is
  /// now. Called at every meeting. Shapes, strides, types and order must be the same. Empty: it stays.
  std::function<std::vector<Segment>()> find_again{};

  Segments() = default;
  Segments(std::initializer_list<Segment> list) : segments(list) {}
  explicit Segments(std::vector<Segment> list, std::function<std::vector<Segment>()> again = {})
      : segments(std::move(list)), find_again(std::move(again)) {}
};

/// Throws Error, naming the segment: a null pointer to elements, a negative size, strides of another number,
/// below 1 or that let elements share memory, a trained one that is neither float32 nor float64 or of another
/// type than the first; or where nothing is trained. Also where two of them, or a gradient and any other,
/// come to lie in each other's stretch of memory, from the first element to the last: the gaps of one are no
/// place for another.
template <>
struct ParametersOf<Segments> {
  static std::unique_ptr<ParameterSource> parameters(const Segments& segments);
  static std::unique_ptr<ValueSource> values(const Segments& segments);
};

}  // namespace muster
