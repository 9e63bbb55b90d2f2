#include "muster/comm/codec/top_k_codec.h"

#include <bit>
#include <cstring>
#include <string>
#include <vector>

#include "muster/base/error.h"
#include "muster/base/message_size.h"

namespace muster::inline comm {

namespace {

/// Ordered as the magnitudes are, Inf and NaN above all numbers.
uint32_t magnitude(float value) { return std::bit_cast<uint32_t>(value) & 0x7FFFFFFFU; }

/// Values of larger magnitude are sent, and the first `equals` of those that equal it.
struct Threshold {
  uint32_t magnitude;
  int64_t equals;
};

/// Counts of values by some bits of their magnitude.
using Histogram = std::vector<uint32_t>;

/// The bin of the `left`-th value from above; `left` becomes its number within that bin.
uint32_t bin_of(const Histogram& counts, int64_t& left) {
  auto bin = static_cast<uint32_t>(counts.size() - 1);
  for (; counts[bin] < left; --bin) left -= counts[bin];
  return bin;
}

/// Selection by counting, first by the upper 16 bits of the magnitude, then by the lower 15: nothing is
/// copied or moved, which makes it several times as fast as std::nth_element.
Threshold threshold_of(const float* values, int64_t size, int64_t count) {
  Histogram upper(1 << 16), lower(1 << 15);
  for (int64_t i = 0; i < size; ++i) ++upper[magnitude(values[i]) >> 15];
  int64_t left = count;
  const uint32_t high = bin_of(upper, left);
  for (int64_t i = 0; i < size; ++i)
    if (magnitude(values[i]) >> 15 == high) ++lower[magnitude(values[i]) & 0x7FFFU];
  const uint32_t low = bin_of(lower, left);
  return {(high << 15) | low, left};
}

}  // namespace

TopKCodec::TopKCodec(double fraction) : fraction_(fraction) {
  invariant(fraction > 0 && fraction <= 1, "the share of values that travels is above 0 and at most 1");
}

int64_t TopKCodec::message_bytes(int64_t elements) const {
  return muster::message_bytes({.kind = CodecKind::top_k, .top_fraction = fraction_}, elements);
}

void TopKCodec::encode_floats(const float* values, int64_t size, const RandomKey&, uint8_t* message) const {
  if (size >= int64_t{1} << 32)
    throw Error("top-k of " + std::to_string(size) + " values: fewer than 2^32 have room for their index");
  if (size == 0) return;
  const int64_t count = top_k_count(size, fraction_);
  Threshold threshold = threshold_of(values, size, count);
  uint8_t *index_at = message, *value_at = message + 4 * count;
  for (int64_t i = 0; i < size; ++i) {
    const uint32_t here = magnitude(values[i]);
    if (here < threshold.magnitude) continue;
    if (here == threshold.magnitude && threshold.equals-- <= 0) continue;
    const auto index = static_cast<uint32_t>(i);
    std::memcpy(index_at, &index, 4);
    std::memcpy(value_at, values + i, 4);
    index_at += 4;
    value_at += 4;
  }
}

void TopKCodec::add_floats(const uint8_t* message, int64_t size, float* sum) const {
  const int64_t count = top_k_count(size, fraction_);
  const auto index_at = [message](int64_t k) {
    uint32_t index;
    std::memcpy(&index, message + 4 * k, 4);
    return int64_t{index};
  };
  for (int64_t k = 0; k < count; ++k)
    if (index_at(k) >= size)
      throw Error("a top-k message names element " + std::to_string(index_at(k)) + " of a vector of " +
                  std::to_string(size));
  for (int64_t k = 0; k < count; ++k) {
    float value;
    std::memcpy(&value, message + 4 * (count + k), 4);
    sum[index_at(k)] += value;
  }
}

}  // namespace muster::inline comm
