#include "muster/comm/codec/qsgd_kernel.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <iterator>

#include "muster/base/clones.h"
#include "muster/comm/codec/largest_magnitude.h"

namespace muster::kernel {

namespace {

static_assert(std::endian::native == std::endian::little, "messages hold the bytes of little-endian numbers");

constexpr int piece = 64;  // elements quantised and packed at a time
constexpr int lanes = 16;  // Philox blocks computed at a time: random halves for 128 elements
constexpr float half_a_step = 0.5F;
constexpr float grid = 65536.0F;  // a value between two levels is rounded up with a probability of k / 2^16

/// Random words of blocks first ... first + 15.
[[gnu::always_inline]] inline void philox_words(int64_t first, const QsgdDraws& draws,
                                                uint32_t (*__restrict words)[lanes]) {
  const auto low = static_cast<uint32_t>(first), high = static_cast<uint32_t>(first >> 32);
  const uint32_t place0 = draws.place[0], place1 = draws.place[1], key0 = draws.key[0], key1 = draws.key[1];
  for (uint32_t lane = 0; lane < lanes; ++lane) {
    uint32_t c0 = low + lane, c1 = high, c2 = place0, c3 = place1;
    for (uint32_t round = 0; round < 10; ++round) {
      const uint64_t p0 = uint64_t{0xD2511F53} * c0, p1 = uint64_t{0xCD9E8D57} * c2;
      c0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ (key0 + round * 0x9E3779B9U);
      c2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ (key1 + round * 0xBB67AE85U);
      c1 = static_cast<uint32_t>(p1);
      c3 = static_cast<uint32_t>(p0);
    }
    words[0][lane] = c0;
    words[1][lane] = c1;
    words[2][lane] = c2;
    words[3][lane] = c3;
  }
}

/// Squares are summed in double and in 16 lanes, so neither overflow nor the processor changes the result.
[[gnu::always_inline]] inline float two_norm(const float* values, int64_t size) {
  double sums[lanes] = {};
  int64_t i = 0;
  for (; i + lanes <= size; i += lanes)
    for (int lane = 0; lane < lanes; ++lane) {
      const double value = values[i + lane];
      sums[lane] += value * value;
    }
  for (int lane = 0; i < size; ++i, ++lane) sums[lane] += static_cast<double>(values[i]) * values[i];
  double total = 0;
  for (const double sum : sums) total += sum;
  return static_cast<float>(std::sqrt(total));
}

/// Packs one, two or four codes into each byte.
template <int bits>
[[gnu::always_inline]] inline void pack(const int8_t* codes, uint8_t* __restrict packed) {
  if constexpr (bits == 8) {
    std::memcpy(packed, codes, piece);
  } else if constexpr (bits == 4) {
    for (int i = 0; i < piece / 2; ++i) {
      uint16_t pair;
      std::memcpy(&pair, codes + 2 * i, 2);
      packed[i] = static_cast<uint8_t>((pair & 0x0F) | ((pair >> 4) & 0xF0));
    }
  } else {
    for (int i = 0; i < piece / 4; ++i) {
      uint32_t four;
      std::memcpy(&four, codes + 4 * i, 4);
      packed[i] = static_cast<uint8_t>((four & 0x03) | ((four >> 6) & 0x0C) | ((four >> 12) & 0x30) |
                                       ((four >> 18) & 0xC0));
    }
  }
}

/// The code at place `at` of a byte, sign extended.
template <int bits>
[[gnu::always_inline]] inline int8_t code_in(uint8_t byte, int at) {
  return static_cast<int8_t>(static_cast<int8_t>(byte << (8 - bits - bits * at)) >> (8 - bits));
}

template <int bits>
[[gnu::always_inline]] inline void unpack(const uint8_t* packed, int8_t* __restrict codes) {
  constexpr int per_byte = 8 / bits;
  for (int i = 0; i < piece / per_byte; ++i)
    for (int at = 0; at < per_byte; ++at) codes[i * per_byte + at] = code_in<bits>(packed[i], at);
}

/// inverse: s 2^16 / scale. q is the magnitude in units of 2^-16 levels, clamped because its product may pass
/// s by a rounding; adding 16 random bits and cutting off as many rounds up with probability (q mod 2^16) /
/// 2^16.
template <int bits>
[[gnu::always_inline]] inline void quantise(const float* values, float inverse,
                                            const uint32_t (*words)[lanes], uint8_t* packed) {
  constexpr int32_t most = ((1 << (bits - 1)) - 1) << 16;
  int32_t wide[piece];
  for (int row = 0; row < piece / lanes; ++row)
    for (int lane = 0; lane < lanes; ++lane) {
      const float value = values[row * lanes + lane];
      const auto random = static_cast<int32_t>((words[row / 2][lane] >> (16 * (row % 2))) & 0xFFFFU);
      const int32_t q = std::min(static_cast<int32_t>(std::fabs(value) * inverse + half_a_step), most);
      const int32_t level = (q + random) >> 16, sign = std::bit_cast<int32_t>(value) >> 31;
      wide[row * lanes + lane] = (level ^ sign) - sign;
    }
  int8_t codes[piece];
  for (int i = 0; i < piece; ++i) codes[i] = static_cast<int8_t>(wide[i]);
  pack<bits>(codes, packed);
}

template <int bits>
[[gnu::always_inline]] inline void encode_buckets(const float* values, int64_t size, const QsgdForm& form,
                                                  const QsgdDraws& draws, uint8_t* message) {
  constexpr float levels = (1 << (bits - 1)) - 1;
  const int64_t buckets = (size + form.bucket - 1) / form.bucket;
  uint8_t* const codes = message + 4 * buckets;
  uint32_t words[4][lanes];
  if (form.nearest)  // both halves of each word: one half of a level
    for (auto& row : words) std::fill(std::begin(row), std::end(row), 0x80008000U);
  int64_t drawn = -1;  // words are those of elements 128 drawn ... 128 drawn + 127
  for (int64_t number = 0; number < buckets; ++number) {
    const int64_t begin = number * form.bucket, end = std::min(size, begin + form.bucket);
    float scale = form.two_norm ? two_norm(values + begin, end - begin)
                                : largest_magnitude(values + begin, end - begin);
    if (scale < smallest_scale) scale = 0;
    std::memcpy(message + 4 * number, &scale, 4);
    // The scale is sent as it is, and 0 times an infinite scale is NaN: Inf or NaN makes the whole bucket
    // NaN.
    if (scale == 0 || !std::isfinite(scale)) {
      std::memset(codes + begin * bits / 8, 0, static_cast<size_t>((end * bits + 7) / 8 - begin * bits / 8));
      continue;
    }
    const float inverse = levels * grid / scale;
    for (int64_t at = begin; at < end; at += piece) {
      if (!form.nearest && at / 128 != drawn) philox_words(lanes * (drawn = at / 128), draws, words);
      const auto* const half = words + at / piece % 2 * 2;
      uint8_t* const out = codes + at * bits / 8;
      if (at + piece <= end) {
        quantise<bits>(values + at, inverse, half, out);
        continue;
      }
      float rest[piece] = {};
      uint8_t packed[piece * bits / 8];
      std::memcpy(rest, values + at, static_cast<size_t>(end - at) * sizeof(float));
      quantise<bits>(rest, inverse, half, packed);
      std::memcpy(out, packed, static_cast<size_t>(((end - at) * bits + 7) / 8));
    }
  }
}

template <int bits>
[[gnu::always_inline]] inline void add_buckets(const uint8_t* message, int64_t size, const QsgdForm& form,
                                               float* __restrict sum) {
  constexpr float levels = (1 << (bits - 1)) - 1;
  const int64_t buckets = (size + form.bucket - 1) / form.bucket;
  const uint8_t* const packed = message + 4 * buckets;
  int8_t codes[piece];
  for (int64_t number = 0; number < buckets; ++number) {
    const int64_t begin = number * form.bucket, end = std::min(size, begin + form.bucket);
    float scale;
    std::memcpy(&scale, message + 4 * number, 4);
    const float unit = scale / levels;
    int64_t at = begin;
    for (; at + piece <= end; at += piece) {
      unpack<bits>(packed + at * bits / 8, codes);
      for (int i = 0; i < piece; ++i) sum[at + i] += unit * static_cast<float>(codes[i]);
    }
    for (; at < end; ++at)
      sum[at] +=
          unit * static_cast<float>(code_in<bits>(packed[at * bits / 8], static_cast<int>(at % (8 / bits))));
  }
}

}  // namespace

MUSTER_CLONES void qsgd_encode(const float* values, int64_t size, const QsgdForm& form,
                               const QsgdDraws& draws, uint8_t* message) {
  if (form.bits == 8) return encode_buckets<8>(values, size, form, draws, message);
  if (form.bits == 4) return encode_buckets<4>(values, size, form, draws, message);
  encode_buckets<2>(values, size, form, draws, message);
}

MUSTER_CLONES void qsgd_add(const uint8_t* message, int64_t size, const QsgdForm& form, float* sum) {
  if (form.bits == 8) return add_buckets<8>(message, size, form, sum);
  if (form.bits == 4) return add_buckets<4>(message, size, form, sum);
  add_buckets<2>(message, size, form, sum);
}

}  // namespace muster::kernel
