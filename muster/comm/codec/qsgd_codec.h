#pragma once

#include "muster/comm/codec/float_codec.h"
#include "muster/comm/codec/qsgd_kernel.h"

namespace muster::inline comm {

/// QSGD (Alistarh, Grubic, Li, Tomioka, Vojnovic, NeurIPS 2017), codes of fixed width: with b bits for a
/// value, sign included, there are s = 2^(b-1) - 1 levels (8 bits: 127, 4 bits: 7, 2 bits: 1) and in each
/// bucket of d consecutive values (the last one may be shorter), with a = s |v_i| / scale,
///   Q(v)_i = scale sgn(v_i) l_i / s;   l_i = floor(a) + 1 with probability a - floor(a), else floor(a)
/// scale: the largest magnitude, as in the paper's practice, or the 2-norm, as in its theory. Unbiased, but
/// for the grid of probabilities (by at most 2^-16 of a level); with the 2-norm E|Q(v) - v|^2 <= min(d/s^2,
/// sqrt(d)/s) |v|^2 (Lemma 3.1). Rounded to the nearest instead it draws nothing and is biased, but with the
/// largest magnitude a contraction at any width: no error is larger than its value, and the largest value has
/// none. That is what error feedback wants, and at 2 bits needs: there the random error is larger than the
/// vector (1.1 to 1.6 |v|^2 for normal numbers). A bucket that holds Inf or NaN comes out as NaN, one whose
/// scale is below 1e-30 as zeros.
class QsgdCodec final : public FloatCodec {
 public:
  /// REQUIRES: bits 8, 4 or 2; bucket a multiple of 64, >= 64.
  explicit QsgdCodec(const kernel::QsgdForm& form);
  int64_t message_bytes(int64_t elements) const override;

 private:
  void encode_floats(const float* values, int64_t size, const RandomKey& key,
                     uint8_t* message) const override;
  void add_floats(const uint8_t* message, int64_t size, float* sum) const override;

  kernel::QsgdForm form_;
};

}  // namespace muster::inline comm
