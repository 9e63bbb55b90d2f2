// QSGD's codes: bits, variance beside the published formula, bounds, bias.
#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cstring>

#include "muster/comm/make_codec.h"
#include "muster/comm/qsgd_codec.h"
#include "tests/contract/codec_contract.h"
#include "tests/support/codec_cases.h"

namespace muster {
namespace {

using contract::codec_key;
using contract::codec_vector;
using contract::squared_norm;
using test::floats;
using test::nearest;
using test::passed_through;
using test::qsgd;

// The formula, element by element, from the published block function.
std::vector<uint8_t> serial_qsgd8(const at::Tensor& vector, const RandomKey& key, int64_t bucket) {
  constexpr float half = 0.5F;
  RandomStream stream(key);
  std::array<uint32_t, 4> words{};
  for (uint32_t& word : words) word = stream.next_u32();
  const float* const v = vector.data_ptr<float>();
  const int64_t size = vector.numel(), buckets = (size + bucket - 1) / bucket;
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
    const at::Tensor vector = codec_vector(3001, at::kFloat, 3);
    const at::Tensor message = make_codec(qsgd(CodecKind::qsgd8, bucket))->encode(vector, codec_key(3, 4));
    const auto expected = serial_qsgd8(vector, codec_key(3, 4), bucket);
    ASSERT_EQ(message.numel(), static_cast<int64_t>(expected.size()));
    EXPECT_EQ(std::memcmp(message.data_ptr(), expected.data(), expected.size()), 0) << bucket;
  }
}

// Values that are levels come out as they are, each at its own place, in whole bytes and in the last one.
TEST(Qsgd, PacksEveryLevelAtItsPlace) {
  for (const CodecKind kind : {CodecKind::qsgd4, CodecKind::qsgd2}) {
    const float levels = kind == CodecKind::qsgd4 ? 7 : 1;
    at::Tensor vector = at::zeros({515}, at::kFloat);
    for (int64_t i = 0; i < 515; ++i)
      vector.data_ptr<float>()[i] = static_cast<float>((i * 5 + i / 7) % 15 - 7);
    vector.narrow(0, 513, 1).fill_(-7);
    if (levels == 1) vector.sign_();
    const at::Tensor out = passed_through(*make_codec(qsgd(kind, 64)), vector, codec_key(1, 1));
    EXPECT_TRUE(at::allclose(out, vector, 1e-6, 0));
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
    const at::Tensor vector = codec_vector(row.bucket == 8192 ? 1 << 22 : 1 << 20, at::kFloat, 1);
    const double norm = squared_norm(vector);
    for (size_t width = 0; width < 3; ++width)
      for (const QsgdScale scale : {QsgdScale::max, QsgdScale::two_norm}) {
        const auto codec = make_codec(qsgd(widths[width], row.bucket, scale));
        const double omega =
            squared_norm(passed_through(*codec, vector, codec_key(7, ++draw)) - vector) / norm;
        const double expected = scale == QsgdScale::max ? row.max[width] : row.two_norm[width];
        EXPECT_NEAR(omega / expected, 1, width == 2 ? 0.03 : 0.02) << row.bucket << " " << width;
      }
  }
}

TEST(Qsgd, TenThousandEncodingsAreUnbiased) {
  constexpr int64_t size = 1061;  // the last bucket is short
  constexpr int repeats = 10'000;
  const at::Tensor vector = codec_vector(size, at::kFloat, 5);
  for (const QsgdScale scale : {QsgdScale::max, QsgdScale::two_norm}) {
    const auto codec = make_codec(qsgd(CodecKind::qsgd4, 512, scale));
    at::Tensor sum = at::zeros({size}, at::kDouble), squares = sum.clone(),
               out = at::zeros({size}, at::kFloat);
    for (int repeat = 0; repeat < repeats; ++repeat) {
      out.zero_();
      codec->decode_add(codec->encode(vector, codec_key(1, static_cast<uint64_t>(repeat))), out);
      out.sub_(vector);
      const float* const errors = out.data_ptr<float>();
      for (int64_t i = 0; i < size; ++i) {
        sum.data_ptr<double>()[i] += errors[i];
        squares.data_ptr<double>()[i] += static_cast<double>(errors[i]) * errors[i];
      }
    }
    // Where a value is next to a level hardly any draw differs: 1e-6 stands for the rounding of floats.
    const at::Tensor standard_error = at::sqrt(squares) / repeats + 1e-6;
    EXPECT_LT((sum / repeats / standard_error).abs().max().item<double>(), 4);
    const double norm = squared_norm(vector), omega = at::sum(squares).item<double>() / repeats / norm;
    const double slope = (sum / repeats).dot(vector.to(at::kDouble)).item<double>() / norm;
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
    std::vector<at::Tensor> vectors = {codec_vector(size, at::kFloat, 1), at::ones({size}, at::kFloat),
                                       at::full({size}, 0.01, at::kFloat),
                                       codec_vector(size, at::kFloat, 2).pow(5)};
    for (const double share : {0.5, 0.1, 0.02}) {
      vectors.push_back(at::full({size}, share / levels, at::kFloat));
      vectors.back().narrow(0, 17, 1).fill_(1);
    }
    for (const at::Tensor& vector : vectors) {
      double variance = 0;
      for (uint64_t draw = 0; draw < 200; ++draw)
        variance += squared_norm(passed_through(*codec, vector, codec_key(3, draw)) - vector) / 200;
      EXPECT_LE(variance, bound * squared_norm(vector));
    }
  }
}

// Lemma 3.1, s = 1, one bucket: as many values as |v|_1 / |v|_2 travel on average.
TEST(Qsgd, TernaryCodesAreSparse) {
  const at::Tensor vector = codec_vector(1 << 20, at::kFloat, 9);
  const at::Tensor out = passed_through(*make_codec(qsgd(CodecKind::qsgd2, 1 << 20, QsgdScale::two_norm)),
                                        vector, codec_key(1, 1));
  EXPECT_NEAR(at::count_nonzero(out).item<double>(), 817, 4 * 28);
}

TEST(Qsgd, AShortLastBucketHasItsOwnScale) {
  at::Tensor vector = at::ones({515}, at::kFloat);
  vector.narrow(0, 512, 3).copy_(floats({0.01F, -0.01F, 0.01F}));
  for (const CodecKind kind : widths)
    EXPECT_TRUE(
        at::allclose(passed_through(*make_codec(qsgd(kind, 512)), vector, codec_key(1, 1)), vector, 1e-6))
        << "values of one magnitude are all at the highest level";
  // 3 equal values under the 2-norm: E nnz = 3 / sqrt(3), whatever is behind the vector's end.
  const auto codec = make_codec(qsgd(CodecKind::qsgd2, 64, QsgdScale::two_norm));
  int64_t sent = 0;
  for (uint64_t draw = 0; draw < 3000; ++draw)
    sent += at::count_nonzero(passed_through(*codec, floats({1, 1, -1}), codec_key(1, draw))).item<int64_t>();
  EXPECT_NEAR(static_cast<double>(sent) / 3000, std::sqrt(3.0), 4 * std::sqrt(3 * 0.2441 / 3000));
}

// The largest value times s / scale passes s by a rounding in one bucket of eight: rounded up, it would wrap.
TEST(Qsgd, TheLargestValueNeverWraps) {
  for (const CodecKind kind : widths) {
    const auto codec = make_codec(qsgd(kind, 64));
    for (uint64_t draw = 0; draw < 20; ++draw) {
      const at::Tensor vector = codec_vector(64 * 512, at::kFloat, draw);
      const at::Tensor out = passed_through(*codec, vector, codec_key(1, draw)).view({512, 64});
      const at::Tensor buckets = vector.view({512, 64});
      const at::Tensor places = buckets.abs().argmax(1, true);
      EXPECT_TRUE(at::allclose(out.gather(1, places), buckets.gather(1, places), 1e-6, 0));
      EXPECT_TRUE((out.abs() <= buckets.abs().amax(1, true) * (1 + 1e-6)).all().item<bool>());
    }
  }
}

TEST(Qsgd, BucketsOfZerosAndOfTinyNumbersAreZeros) {
  at::Tensor vector = codec_vector(256, at::kFloat, 1);
  vector.narrow(0, 64, 64).zero_();
  vector.narrow(0, 128, 64).mul_(1e-36);
  const at::Tensor out = passed_through(*make_codec(qsgd(CodecKind::qsgd4, 64)), vector, codec_key(1, 1));
  EXPECT_EQ(at::count_nonzero(out.narrow(0, 64, 128)).item<int64_t>(), 0);
  EXPECT_GT(at::count_nonzero(out.narrow(0, 192, 64)).item<int64_t>(), 0);
}

TEST(Qsgd, WhatIsNotFiniteStaysInItsBucket) {
  at::Tensor vector = codec_vector(256, at::kFloat, 1);
  vector.narrow(0, 70, 1).fill_(std::numeric_limits<float>::infinity());
  const at::Tensor finite =
      at::isfinite(passed_through(*make_codec(qsgd(CodecKind::qsgd8, 64)), vector, codec_key(1, 1)));
  EXPECT_FALSE(finite.narrow(0, 64, 64).any().item<bool>());
  EXPECT_EQ(at::count_nonzero(finite).item<int64_t>(), 192);
}

TEST(Qsgd, RoundedToTheNearestNoErrorIsLargerThanItsValue) {
  const at::Tensor vector = codec_vector(5003, at::kFloat, 1);
  for (const CodecKind kind : widths) {
    const auto codec = make_codec(nearest(kind, 128));
    const at::Tensor error = (passed_through(*codec, vector, codec_key(1, 1)) - vector).abs();
    EXPECT_TRUE((error <= vector.abs() * (1 + 1e-5)).all().item<bool>());
    EXPECT_TRUE(at::equal(codec->encode(vector, codec_key(1, 1)), codec->encode(vector, codec_key(2, 2))));
  }
  const at::Tensor levels = floats({7, 0.49F, 0.51F, -1.49F, -1.51F, 6.51F});
  EXPECT_TRUE(
      at::allclose(passed_through(*make_codec(nearest(CodecKind::qsgd4, 64)), levels, codec_key(1, 1)),
                   floats({7, 0, 1, -1, -2, 7}), 1e-6));
}

double correlation(const at::Tensor& a, const at::Tensor& b) {
  return a.dot(b).item<double>() / std::sqrt(squared_norm(a) * squared_norm(b));
}

// Errors of two workers, meetings, parts or places must be independent, or the mean would not lose them.
TEST(Qsgd, ErrorsAreIndependent) {
  constexpr int64_t size = 1 << 16;
  constexpr double allowed = 4.0 / 256;  // 4 standard errors
  const auto codec = make_codec(qsgd(CodecKind::qsgd4, 64));
  const at::Tensor vector = codec_vector(64, at::kFloat, 1).repeat({size / 64});
  const auto errors = [&](const RandomKey& key) {
    return (passed_through(*codec, vector, key) - vector).to(at::kDouble);
  };
  const at::Tensor one = errors(codec_key(1, 1));
  for (const RandomKey& key : {codec_key(2, 1), codec_key(1, 2), codec_key((uint64_t{1} << 33) + 1, 1),
                               codec_key((uint64_t{1} << 32) + 1, 1)})
    EXPECT_LT(std::abs(correlation(one, errors(key))), allowed);
  for (const int64_t apart : {64, 128, 192, 4096})
    EXPECT_LT(std::abs(correlation(one.narrow(0, 0, size - apart), one.narrow(0, apart, size - apart))),
              allowed)
        << apart;
}

}  // namespace
}  // namespace muster
