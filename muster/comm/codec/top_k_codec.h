#pragma once

#include "muster/comm/codec/float_codec.h"

namespace muster::inline comm {

/// The k = max(1, ceil(fraction n)) values of largest magnitude, as they are, and zero for the others; of
/// equal magnitudes the first ones. A contraction, |C(v) - v|^2 <= (1 - k/n) |v|^2, and biased: without error
/// feedback small values never travel (Stich, Cordonnier, Jaggi, "Sparsified SGD with Memory", NeurIPS 2018).
/// NaN counts as larger than Inf, Inf as larger than all numbers. The message: k indices (uint32, ascending),
/// then k floats. Draws nothing.
class TopKCodec final : public FloatCodec {
 public:
  /// REQUIRES: 0 < fraction <= 1.
  explicit TopKCodec(double fraction);
  int64_t message_bytes(int64_t elements) const override;

 private:
  /// Throws Error for 2^32 values and more.
  void encode_floats(const float* values, int64_t size, const RandomKey& key,
                     uint8_t* message) const override;
  /// Throws Error when an index is beyond the vector.
  void add_floats(const uint8_t* message, int64_t size, float* sum) const override;

  double fraction_;
};

}  // namespace muster::inline comm
