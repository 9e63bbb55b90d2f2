#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "muster/flat/parameter_source.h"

namespace muster::inline flat {

/// One tensor of a user's model in the CPU's memory. Elements lie where `strides` says: element (i, j, ...)
/// at values[i * strides[0] + j * strides[1] + ...].
struct Segment {
  void* values = nullptr;
  std::vector<int64_t> shape{};
  ElementType type = ElementType::float32;
  /// Of the same shape, type and strides; null: no gradient. A gradient that is averaged must exist on all
  /// ranks or on none.
  void* gradient = nullptr;
  std::vector<int64_t> strides{};  ///< in elements; empty: the last index runs fastest, without gaps
  bool trained = true;             ///< false: frozen; rank 0 broadcasts it once and never again
  std::string name{};              ///< for messages; empty: "segment 3"
};

/// The parameters of a model without a tensor library: pointers, shapes, strides.
///
///     muster::Segments model{{weights.data(), {3, 4}}, {bias.data(), {4}}};
///     muster::LocalUpdates local(model, *group, muster::ConstantPeriod{{.base_period = 8}}, steps);
struct Segments {
  std::vector<Segment> segments{};
  /// Where the memory may move (a vector that grows, a tensor that is replaced): returns the present
  /// segments. Called at every meeting. Shapes, strides, types and order must not change. Empty: nothing
  /// moves.
  std::function<std::vector<Segment>()> find_again{};

  Segments() = default;
  Segments(std::initializer_list<Segment> list) : segments(list) {}
  explicit Segments(std::vector<Segment> list, std::function<std::vector<Segment>()> again = {})
      : segments(std::move(list)), find_again(std::move(again)) {}
};

/// Throws Error, naming the segment, for a null pointer to elements, a negative size, a wrong number of
/// strides, strides below 1 or that let elements share memory, a trained segment that is neither float32 nor
/// float64 or of another type than the first trained one; and where no segment is trained. Also where the
/// memory of two segments or gradients overlaps, from first to last element: the gaps that strides leave may
/// not hold another segment.
template <>
struct ParametersOf<Segments> {
  static std::unique_ptr<ParameterSource> parameters(const Segments& segments);
  static std::unique_ptr<ValueSource> values(const Segments& segments);
};

}  // namespace muster::inline flat
