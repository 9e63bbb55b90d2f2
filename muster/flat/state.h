#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "muster/base/numbers.h"
#include "muster/flat/vector.h"

namespace muster::inline flat {

/// A vector and the shape of the tensor that it holds.
struct ShapedVector {
  Vector values{};
  std::vector<int64_t> shape{};

  ShapedVector() = default;
  /// One-dimensional.
  ShapedVector(Vector vector) : values(std::move(vector)), shape{values.size()} {}  // NOLINT: as it is
  ShapedVector(Vector vector, std::vector<int64_t> its_shape)
      : values(std::move(vector)), shape(std::move(its_shape)) {}
};

/// The state from which an object continues bit for bit: numbers and vectors by name. Vectors taken out share
/// memory with their owner; restore() copies.
struct State {
  Numbers numbers;
  std::map<std::string, ShapedVector> tensors;

  /// Copies every entry of `part` in as "prefix.name"; part_of(prefix) takes them out again.
  void insert(const std::string& prefix, const State& part);
  State part_of(const std::string& prefix) const;
  /// Throws CheckpointError when missing, or of another shape or type than `like`; copies into `like`
  /// otherwise.
  void copy_into(const std::string& name, const Vector& like) const;
};

}  // namespace muster::inline flat
