#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/base/message_size.h"
#include "muster/flat/element_type.h"

namespace muster::inline comm {

/// The scale of the values of a QSGD bucket: their largest magnitude or their 2-norm.
enum class QsgdScale { max, two_norm };

/// How QSGD goes from a value to a level: at random, which is unbiased, or to the nearest, for error
/// feedback.
enum class QsgdRounding { stochastic, nearest };

class Codec;

/// A codec that is none of the built-in ones.
struct OwnCodec {
  std::function<std::unique_ptr<Codec>(ElementType type)> make;  ///< for vectors of float32 or float64
  std::function<int64_t(int64_t elements)> message_bytes;        ///< as the codec's own function says
  int64_t part_multiple = 1;  ///< a vector is cut at multiples of it: values that share a scale
};

/// How outer gradients are encoded.
struct CodecOptions {
  CodecKind kind = CodecKind::full;
  /// Values that share a scale (qsgd, int8): a multiple of 64, at most 2^24. Unset: 512, for qsgd2 128, for
  /// int8 256.
  std::optional<int64_t> bucket = std::nullopt;
  QsgdScale scale = QsgdScale::max;                  ///< of qsgd
  QsgdRounding rounding = QsgdRounding::stochastic;  ///< of qsgd
  double top_fraction = 0.01;                     ///< of top_k: share of the values that travels, in (0, 1]
  std::shared_ptr<const OwnCodec> own = nullptr;  ///< instead of `kind`

  bool is_qsgd() const {
    return kind == CodecKind::qsgd8 || kind == CodecKind::qsgd4 || kind == CodecKind::qsgd2;
  }
  bool has_buckets() const { return is_qsgd() || kind == CodecKind::int8; }
  /// The length of messages; `element_bytes` is that of the vector's numbers.
  MessageForm form(int64_t element_bytes = 4) const;
  /// Throws OptionError.
  void validate() const;
  /// The same for use with error feedback, which needs a codec whose error is smaller than its vector, or
  /// what the residual adds to each message is many times the vector. Refused: qsgd2 that rounds at random
  /// (residuals settle at 20 to 40 times the vectors), and a 2-norm scale with buckets of d > s^2 values
  /// (they grow without end: E|Q(v) - v|^2 may pass |v|^2, its bound being min(d/s^2, sqrt(d)/s) |v|^2).
  void validate_for_error_feedback() const;
};

inline MessageForm CodecOptions::form(int64_t element_bytes) const {
  if (own) return {.bucket = own->part_multiple, .element_bytes = element_bytes, .own = own->message_bytes};
  const int64_t usual = kind == CodecKind::qsgd2 ? 128 : kind == CodecKind::int8 ? 256 : 512;
  return {.kind = kind,
          .bucket = has_buckets() ? bucket.value_or(usual) : 1,
          .top_fraction = top_fraction,
          .element_bytes = element_bytes};
}

inline void CodecOptions::validate() const {
  if (own) return;
  if (bucket && !has_buckets())
    throw OptionError("comm.bucket", std::to_string(*bucket),
                      "leave it out; only qsgd8, qsgd4, qsgd2 and int8 have buckets");
  if (bucket && (*bucket < 64 || *bucket > (1 << 24) || *bucket % 64 != 0))
    throw OptionError("comm.bucket", std::to_string(*bucket), "give a multiple of 64, from 64 to 16777216");
  if (scale == QsgdScale::two_norm && !is_qsgd())
    throw OptionError("comm.scale", "two_norm", "leave it out; only qsgd8, qsgd4 and qsgd2 have a choice");
  if (rounding == QsgdRounding::nearest && !is_qsgd())
    throw OptionError("comm.rounding", "nearest", "leave it out; only qsgd8, qsgd4 and qsgd2 have a choice");
  if (!(top_fraction > 0 && top_fraction <= 1))
    throw OptionError("comm.top_fraction", format_number(top_fraction), "give a number above 0, at most 1");
}

inline void CodecOptions::validate_for_error_feedback() const {
  validate();
  const int64_t levels = kind == CodecKind::qsgd8 ? 127 : kind == CodecKind::qsgd4 ? 7 : 1;
  if (is_qsgd() && scale == QsgdScale::two_norm && form().bucket > levels * levels)
    throw OptionError("comm.error_feedback", "true",
                      "the residual would grow without end with comm.scale = \"two_norm\" and buckets of " +
                          std::to_string(form().bucket) + " values; take comm.scale = \"max\"");
  if (kind == CodecKind::qsgd2 && rounding == QsgdRounding::stochastic)
    throw OptionError("comm.error_feedback", "true",
                      "qsgd2 rounded at random loses more than it sends; take comm.rounding = \"nearest\"");
}

}  // namespace muster::inline comm
