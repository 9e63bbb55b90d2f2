// QSGD's codes: bits, variance beside the published formula, bounds, bias.
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include "muster/comm/codec/make_codec.h"
#include "muster/comm/codec/qsgd_codec.h"
#include "muster/flat/arithmetic.h"
#include "tests/contract/codec_contract.h"
#include "tests/support/codec_cases.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

using contract::codec_key;
using contract::codec_vector;
using contract::numbers_of;
using contract::squared_distance;
using contract::squared_norm;
using test::nearest;
using test::passed_through;
using test::qsgd;
using test::to_std;
using test::vector_from;

Vector constant(int64_t size, float value) {
  return vector_from(std::vector<float>(static_cast<size_t>(size), value));
}

int64_t count_nonzero(const Vector& vector) {
  const std::vector<float> values = to_std<float>(vector);
  return std::count_if(values.begin(), values.end(), [](float value) { return value != 0; });
}

/// Each |out - wanted| <= relative |wanted| + absolute.
void expect_close(const Vector& out, const Vector& wanted, double relative, double absolute = 0) {
  const std::vector<double> a = numbers_of(out), b = numbers_of(wanted);
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i)
    EXPECT_LE(std::abs(a[i] - b[i]), absolute + relative * std::abs(b[i])) << i;
}

// The formula, element by element, from the published block function.
std::vector<uint8_t> serial_qsgd8(const Vector& vector, const RandomKey& key, int64_t bucket) {
  constexpr float half = 0.5F;
  RandomStream stream(key);
  std::array<uint32_t, 4> words{};
  for (uint32_t& word : words) word = stream.next_u32();
  const float* const v = vector.data<float>();
  const int64_t size = vector.size(), buckets = (size + bucket - 1) / bucket;
  std::vector<uint8_t> message(static_cast<size_t>(4 * buckets + size));
  for (int64_t i = 0; i < size; ++i) {
    float scale = 0;
    const int64_t begin = i / bucket * bucket;
    for (int64_t j = begin; j < std::min(size, begin + bucket); ++j) scale = std::max(scale, std::fabs(v[j]));
    std::memcpy(message.data() + 4 * (i / bucket), &scale, 4);
    const auto block = philox4x32({static_cast<uint32_t>(16 * (i / 128) + i % 16), 0, words[2], words[3]},
                                  {words[0], words[1]});
    const uint32_t word = block[static_cast<size_t>(i / 32 % 4)];
    const uint32_t random = i / 16 % 2 == 0 ? word & 0xFFFF : word >> 16;
    const float inverse = 127.0F * 65536.0F / scale;
    const auto q = std::min(static_cast<uint32_t>(std::fabs(v[i]) * inverse + half), 127U << 16);
    const int level = static_cast<int>((q + random) >> 16);
    message[static_cast<size_t>(4 * buckets + i)] = static_cast<uint8_t>(v[i] < 0 ? -level : level);
  }
  return message;
}

TEST(Qsgd, HasTheBitsOfTheFormula) {
  for (const int64_t bucket : {64, 192, 512}) {
    const Vector vector = codec_vector(3001, ElementType::float32, 3);
    const Vector message = make_codec(qsgd(CodecKind::qsgd8, bucket))->encode(vector, codec_key(3, 4));
    const auto expected = serial_qsgd8(vector, codec_key(3, 4), bucket);
    ASSERT_EQ(message.size(), static_cast<int64_t>(expected.size()));
    EXPECT_EQ(std::memcmp(message.host(), expected.data(), expected.size()), 0) << bucket;
  }
}

// Values that are levels come out as they are, each at its own place, in whole bytes and in the last one.
TEST(Qsgd, PacksEveryLevelAtItsPlace) {
  for (const CodecKind kind : {CodecKind::qsgd4, CodecKind::qsgd2}) {
    const float levels = kind == CodecKind::qsgd4 ? 7 : 1;
    const Vector vector = flat_vector(515);
    float* const values = vector.data<float>();
    for (int64_t i = 0; i < 515; ++i) values[i] = static_cast<float>((i * 5 + i / 7) % 15 - 7);
    values[513] = -7;
    if (levels == 1)
      for (int64_t i = 0; i < 515; ++i) values[i] = static_cast<float>((values[i] > 0) - (values[i] < 0));
    expect_close(passed_through(*make_codec(qsgd(kind, 64)), vector, codec_key(1, 1)), vector, 1e-6);
  }
}

struct Row {
  int64_t bucket;
  double two_norm[3], max[3];  // 8, 4, 2 bits
};

// Relative variances of normal numbers: two-norm by quadrature and by simulation, max by simulation.
constexpr Row rows[] = {{64, {.000661, .2175, 5.40}, {.0000704, .0231, 1.084}},
                        {128, {.001323, .4353, 8.03}, {.0000835, .0275, 1.262}},
                        {512, {.00529, 1.582, 17.1}, {.000110, .0362, 1.592}},
                        {8192, {.0847, 9.31, 71.2}, {.000163, .0537, 2.16}}};
constexpr CodecKind widths[] = {CodecKind::qsgd8, CodecKind::qsgd4, CodecKind::qsgd2};

TEST(Qsgd, RelativeVarianceOfNormalNumbers) {
  uint64_t draw = 0;
  for (const Row& row : rows) {
    // The squared maximum of 8192 values varies by 15 %: 512 buckets tell its mean to 0.7 %.
    const Vector vector = codec_vector(row.bucket == 8192 ? 1 << 22 : 1 << 20, ElementType::float32, 1);
    const double norm = squared_norm(vector);
    for (size_t width = 0; width < 3; ++width)
      for (const QsgdScale scale : {QsgdScale::max, QsgdScale::two_norm}) {
        const auto codec = make_codec(qsgd(widths[width], row.bucket, scale));
        const double omega =
            squared_distance(passed_through(*codec, vector, codec_key(7, ++draw)), vector) / norm;
        const double expected = scale == QsgdScale::max ? row.max[width] : row.two_norm[width];
        EXPECT_NEAR(omega / expected, 1, width == 2 ? 0.03 : 0.02) << row.bucket << " " << width;
      }
  }
}

TEST(Qsgd, TenThousandEncodingsAreUnbiased) {
  constexpr int64_t size = 1061;  // the last bucket is short
  constexpr int repeats = 10'000;
  const Vector vector = codec_vector(size, ElementType::float32, 5);
  for (const QsgdScale scale : {QsgdScale::max, QsgdScale::two_norm}) {
    const auto codec = make_codec(qsgd(CodecKind::qsgd4, 512, scale));
    std::vector<double> sum(size), squares(size);
    Vector out = flat_vector(size);
    for (int repeat = 0; repeat < repeats; ++repeat) {
      out.fill_zero();
      codec->decode_add(codec->encode(vector, codec_key(1, static_cast<uint64_t>(repeat))), out);
      subtract(out, vector, out);
      const float* const errors = out.data<float>();
      for (size_t i = 0; i < size; ++i) {
        sum[i] += errors[i];
        squares[i] += static_cast<double>(errors[i]) * errors[i];
      }
    }
    for (size_t i = 0; i < size; ++i) {
      // Where a value is next to a level hardly any draw differs: 1e-6 stands for the rounding of floats.
      const double standard_error = std::sqrt(squares[i]) / repeats + 1e-6;
      EXPECT_LT(std::abs(sum[i] / repeats / standard_error), 4) << i;
    }
    const std::vector<double> numbers = numbers_of(vector);
    const double norm = squared_norm(vector);
    const double omega = std::accumulate(squares.begin(), squares.end(), 0.0) / repeats / norm;
    const double slope = std::inner_product(sum.begin(), sum.end(), numbers.begin(), 0.0) / repeats / norm;
    EXPECT_LT(std::abs(slope), 4 * std::sqrt(omega / (repeats * double{size})));
    EXPECT_LT(omega, std::min(512 / 49.0, std::sqrt(512) / 7));
  }
}

// Lemma 3.1, also for vectors made to be hard: one large value and others that lie between levels.
TEST(Qsgd, VarianceIsNeverOverTheBound) {
  constexpr int64_t size = 512;
  for (size_t width = 0; width < 3; ++width) {
    const double levels = width == 0 ? 127 : width == 1 ? 7 : 1;
    const double bound = std::min(size / (levels * levels), std::sqrt(size) / levels);
    const auto codec = make_codec(qsgd(widths[width], size, QsgdScale::two_norm));
    std::vector<float> fifth_powers = to_std<float>(codec_vector(size, ElementType::float32, 2));
    for (float& value : fifth_powers) value = std::pow(value, 5.0F);
    std::vector<Vector> vectors = {codec_vector(size, ElementType::float32, 1), constant(size, 1),
                                   constant(size, 0.01F), vector_from(fifth_powers)};
    for (const double share : {0.5, 0.1, 0.02}) {
      vectors.push_back(constant(size, static_cast<float>(share / levels)));
      vectors.back().data<float>()[17] = 1;
    }
    for (const Vector& vector : vectors) {
      double variance = 0;
      for (uint64_t draw = 0; draw < 200; ++draw)
        variance += squared_distance(passed_through(*codec, vector, codec_key(3, draw)), vector) / 200;
      EXPECT_LE(variance, bound * squared_norm(vector));
    }
  }
}

// Lemma 3.1, s = 1, one bucket: as many values as |v|_1 / |v|_2 travel on average.
TEST(Qsgd, TernaryCodesAreSparse) {
  const Vector vector = codec_vector(1 << 20, ElementType::float32, 9);
  const Vector out = passed_through(*make_codec(qsgd(CodecKind::qsgd2, 1 << 20, QsgdScale::two_norm)), vector,
                                    codec_key(1, 1));
  EXPECT_NEAR(static_cast<double>(count_nonzero(out)), 817, 4 * 28);
}

TEST(Qsgd, AShortLastBucketHasItsOwnScale) {
  const Vector vector = constant(515, 1);
  vector.part(512, 3).copy_from(vector_from<float>({0.01F, -0.01F, 0.01F}));
  for (const CodecKind kind : widths) {
    SCOPED_TRACE("values of one magnitude are all at the highest level");
    expect_close(passed_through(*make_codec(qsgd(kind, 512)), vector, codec_key(1, 1)), vector, 1e-6);
  }
  // 3 equal values under the 2-norm: E nnz = 3 / sqrt(3), whatever is behind the vector's end.
  const auto codec = make_codec(qsgd(CodecKind::qsgd2, 64, QsgdScale::two_norm));
  int64_t sent = 0;
  for (uint64_t draw = 0; draw < 3000; ++draw)
    sent += count_nonzero(passed_through(*codec, vector_from<float>({1, 1, -1}), codec_key(1, draw)));
  EXPECT_NEAR(static_cast<double>(sent) / 3000, std::sqrt(3.0), 4 * std::sqrt(3 * 0.2441 / 3000));
}

// The largest value times s / scale passes s by a rounding in one bucket of eight: rounded up, it would wrap.
TEST(Qsgd, TheLargestValueNeverWraps) {
  for (const CodecKind kind : widths) {
    const auto codec = make_codec(qsgd(kind, 64));
    for (uint64_t draw = 0; draw < 20; ++draw) {
      const Vector vector = codec_vector(64 * 512, ElementType::float32, draw);
      const std::vector<float> in = to_std<float>(vector),
                               out = to_std<float>(passed_through(*codec, vector, codec_key(1, draw)));
      for (size_t begin = 0; begin < in.size(); begin += 64) {
        const auto smaller = [&](size_t a, size_t b) { return std::fabs(in[a]) < std::fabs(in[b]); };
        size_t place = begin;
        for (size_t i = begin; i < begin + 64; ++i) place = smaller(place, i) ? i : place;
        ASSERT_NEAR(out[place], in[place], 1e-6 * std::fabs(in[place]));
        for (size_t i = begin; i < begin + 64; ++i)
          ASSERT_LE(std::fabs(out[i]), std::fabs(in[place]) * (1 + 1e-6));
      }
    }
  }
}

TEST(Qsgd, BucketsOfZerosAndOfTinyNumbersAreZeros) {
  Vector vector = codec_vector(256, ElementType::float32, 1);
  vector.part(64, 64).fill_zero();
  multiply(vector.part(128, 64), 1e-36);
  const Vector out = passed_through(*make_codec(qsgd(CodecKind::qsgd4, 64)), vector, codec_key(1, 1));
  EXPECT_EQ(count_nonzero(out.part(64, 128)), 0);
  EXPECT_GT(count_nonzero(out.part(192, 64)), 0);
}

TEST(Qsgd, WhatIsNotFiniteStaysInItsBucket) {
  Vector vector = codec_vector(256, ElementType::float32, 1);
  vector.data<float>()[70] = std::numeric_limits<float>::infinity();
  const std::vector<float> out =
      to_std<float>(passed_through(*make_codec(qsgd(CodecKind::qsgd8, 64)), vector, codec_key(1, 1)));
  for (size_t i = 0; i < out.size(); ++i) EXPECT_EQ(std::isfinite(out[i]), i < 64 || i >= 128) << i;
}

TEST(Qsgd, RoundedToTheNearestNoErrorIsLargerThanItsValue) {
  const Vector vector = codec_vector(5003, ElementType::float32, 1);
  for (const CodecKind kind : widths) {
    const auto codec = make_codec(nearest(kind, 128));
    expect_close(passed_through(*codec, vector, codec_key(1, 1)), vector, 1 + 1e-5);
    EXPECT_TRUE(same_bits(codec->encode(vector, codec_key(1, 1)), codec->encode(vector, codec_key(2, 2))));
  }
  const Vector levels = vector_from<float>({7, 0.49F, 0.51F, -1.49F, -1.51F, 6.51F});
  expect_close(passed_through(*make_codec(nearest(CodecKind::qsgd4, 64)), levels, codec_key(1, 1)),
               vector_from<float>({7, 0, 1, -1, -2, 7}), 1e-6, 1e-8);
}

/// Of a[i] and b[i + apart].
double correlation(const std::vector<double>& a, const std::vector<double>& b, size_t apart = 0) {
  double product = 0, square_a = 0, square_b = 0;
  for (size_t i = 0; i + apart < a.size(); ++i) {
    product += a[i] * b[i + apart];
    square_a += a[i] * a[i];
    square_b += b[i + apart] * b[i + apart];
  }
  return product / std::sqrt(square_a * square_b);
}

// Errors of two workers, meetings, parts or places must be independent, or the mean would not lose them.
TEST(Qsgd, ErrorsAreIndependent) {
  constexpr int64_t size = 1 << 16;
  constexpr double allowed = 4.0 / 256;  // 4 standard errors
  const auto codec = make_codec(qsgd(CodecKind::qsgd4, 64));
  const Vector once = codec_vector(64, ElementType::float32, 1), vector = flat_vector(size);
  for (int64_t begin = 0; begin < size; begin += 64) vector.part(begin, 64).copy_from(once);
  const auto errors = [&](const RandomKey& key) {
    const Vector out = passed_through(*codec, vector, key);
    subtract(out, vector, out);
    return numbers_of(out);
  };
  const std::vector<double> one = errors(codec_key(1, 1));
  for (const RandomKey& key : {codec_key(2, 1), codec_key(1, 2), codec_key((uint64_t{1} << 33) + 1, 1),
                               codec_key((uint64_t{1} << 32) + 1, 1)})
    EXPECT_LT(std::abs(correlation(one, errors(key))), allowed);
  for (const size_t apart : {64U, 128U, 192U, 4096U})
    EXPECT_LT(std::abs(correlation(one, one, apart)), allowed) << apart;
}

}  // namespace
}  // namespace muster
