#pragma once

#include <concepts>
#include <cstdint>
#include <memory>

#include "muster/flat/vector.h"

namespace muster::inline flat {

/// Gives access to the parameters of a user's model, also after the user has moved them in memory. Trained
/// parameters are one sequence of elements of one type, in the user's order; frozen ones (trained on no rank)
/// are separate.
class ParameterSource {
 public:
  virtual ~ParameterSource() = default;
  virtual ElementType type() const = 0;  ///< of the trained parameters: float32 or float64
  virtual int64_t size() const = 0;      ///< trained elements
  virtual int64_t count() const = 0;     ///< trained tensors
  virtual Device device() const = 0;
  /// A hash of all shapes, strides and types, which must be the same on all ranks.
  virtual int64_t fingerprint() const = 0;

  /// Updates the addresses: memory may have been exchanged since, gradients may be new. The caller calls it
  /// before any of the following functions whenever user code has run in between. Throws Error where shapes,
  /// types or devices have changed.
  virtual void refresh() = 0;
  /// The trained elements, where they are contiguous: then a meeting works in place and does not call pack()
  /// and unpack(). An undefined Vector where they are not.
  virtual Vector whole() const { return {}; }
  /// to <- the trained elements; the trained elements <- from. REQUIRES: size() elements of type().
  virtual void pack(const Vector& to) const = 0;
  virtual void unpack(const Vector& from) = 0;

  /// `packed` <- all gradients, then for each trained tensor 1 where it has a gradient and 0 where it has
  /// none. REQUIRES: size() + count() elements of type(). Throws Error for gradients that cannot be averaged.
  virtual void pack_gradients(const Vector& packed) const = 0;
  /// The inverse, from the mean over all ranks: a tensor without gradient gets one where any rank had one.
  /// Throws Error, on every rank and with nothing written, where a source cannot make it one.
  virtual void unpack_gradients(const Vector& packed) = 0;

  /// Bytes of all frozen parameters; packing and unpacking them (ElementType::byte).
  virtual int64_t frozen_bytes() const = 0;
  virtual void pack_frozen(const Vector& to) const = 0;
  virtual void unpack_frozen(const Vector& from) = 0;
};

/// Values that a meeting averages without an outer optimizer, such as BatchNorm's running statistics.
class ValueSource {
 public:
  virtual ~ValueSource() = default;
  /// Number of elements of this type. Only float32 and float64 are averaged.
  virtual int64_t size(ElementType type) const = 0;
  virtual void pack(ElementType type, const Vector& to) const = 0;
  virtual void unpack(ElementType type, const Vector& from) = 0;
};

/// How a user's own type P of parameters becomes a source. Specialised beside P (muster/flat/segments.h,
/// muster/libtorch/local_updates.h) with
///   static std::unique_ptr<ParameterSource> parameters(const P&);
///   static std::unique_ptr<ValueSource> values(const P&);
template <class P>
struct ParametersOf;

template <class P>
concept HasParameters = requires(const P& parameters) {
  { ParametersOf<P>::parameters(parameters) } -> std::convertible_to<std::unique_ptr<ParameterSource>>;
};

template <class P>
concept HasValues = requires(const P& values) {
  { ParametersOf<P>::values(values) } -> std::convertible_to<std::unique_ptr<ValueSource>>;
};

}  // namespace muster::inline flat
