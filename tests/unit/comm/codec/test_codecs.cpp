#include <gmock/gmock.h>

#include <algorithm>
#include <bit>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <numeric>
#include <span>

#include "muster/comm/codec/make_codec.h"
#include "muster/flat/arithmetic.h"
#include "tests/contract/codec_contract.h"
#include "tests/support/codec_cases.h"
#include "tests/support/far_memory.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

using contract::check_codec;
using contract::codec_key;
using contract::codec_vector;
using contract::CodecCase;
using contract::CodecPromise;
using contract::decoded;
using test::largest_difference;
using test::nearest;
using test::passed_through;
using test::qsgd;
using test::to_std;
using test::value_at;
using test::vector_from;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

CodecCase case_of(const CodecOptions& options, CodecPromise promise, double bound = 0) {
  return {[options](ElementType type) { return make_codec(options, type); }, promise, bound};
}

TEST(CodecContract, FullKeepsIt) { EXPECT_THAT(check_codec(case_of({}, CodecPromise::exact)), IsEmpty()); }

TEST(CodecContract, HalvesKeepIt) {
  EXPECT_THAT(check_codec(case_of({.kind = CodecKind::fp16}, CodecPromise::contraction, 0x1p-22)), IsEmpty());
  EXPECT_THAT(check_codec(case_of({.kind = CodecKind::bf16}, CodecPromise::contraction, 0x1p-16)), IsEmpty());
}

TEST(CodecContract, QsgdKeepsIt) {
  struct Bound {
    CodecKind kind;
    double max, two_norm;
  };
  for (const Bound& bound :
       {Bound{CodecKind::qsgd8, 2e-4, 0.04}, {CodecKind::qsgd4, 0.06, 3.3}, {CodecKind::qsgd2, 2.0, 22.7}})
    for (const int64_t bucket : {64, 128, 512}) {
      EXPECT_THAT(check_codec(case_of(qsgd(bound.kind, bucket), CodecPromise::unbiased, bound.max)),
                  IsEmpty());
      EXPECT_THAT(check_codec(case_of(qsgd(bound.kind, bucket, QsgdScale::two_norm), CodecPromise::unbiased,
                                      bound.two_norm)),
                  IsEmpty());
    }
}

TEST(CodecContract, QsgdRoundedToTheNearestKeepsIt) {
  for (const int64_t bucket : {64, 512}) {
    EXPECT_THAT(check_codec(case_of(nearest(CodecKind::qsgd8, bucket), CodecPromise::contraction, 1e-4)),
                IsEmpty());
    EXPECT_THAT(check_codec(case_of(nearest(CodecKind::qsgd4, bucket), CodecPromise::contraction, 0.03)),
                IsEmpty());
    EXPECT_THAT(check_codec(case_of(nearest(CodecKind::qsgd2, bucket), CodecPromise::contraction, 0.8)),
                IsEmpty());
  }
}

TEST(CodecContract, BlockInt8KeepsIt) {
  EXPECT_THAT(check_codec(case_of({.kind = CodecKind::int8}, CodecPromise::contraction, 1e-4)), IsEmpty());
}

TEST(CodecContract, TopKKeepsIt) {
  for (const double fraction : {0.01, 0.25, 1.0})
    EXPECT_THAT(check_codec(case_of({.kind = CodecKind::top_k, .top_fraction = fraction},
                                    CodecPromise::contraction, 1 - fraction + 1e-12)),
                IsEmpty());
}

/// Forgets what it is asked to add to, writes one byte too many and replaces what is not finite.
class Broken final : public Codec {
 public:
  Vector encode(const Vector& vector, const RandomKey& key) const override {
    const Vector numbers = as_float32(vector).copy();
    for (float& number : std::span(numbers.data<float>(), static_cast<size_t>(numbers.size())))
      if (!std::isfinite(number)) number = std::isnan(number) ? 0 : std::copysign(FLT_MAX, number);
    const Vector message = inner_->encode(numbers, key);
    Vector longer = flat_vector(message.size() + 1, ElementType::byte);
    longer.part(0, message.size()).copy_from(message);
    return longer;
  }
  void decode_add(const Vector& message, Vector& sum) const override {
    Vector out = flat_vector(sum.size());
    inner_->decode_add(message.part(0, std::max<int64_t>(0, message.size() - 1)), out);
    multiply(out, 1.01);
    sum.fill_zero();
    add(sum, out);
  }
  int64_t message_bytes(int64_t elements) const override { return inner_->message_bytes(elements); }

 private:
  std::unique_ptr<Codec> inner_ = make_codec({.kind = CodecKind::qsgd4});
};

TEST(CodecContract, FindsBrokenPromises) {
  const auto broken =
      check_codec({[](ElementType) { return std::make_unique<Broken>(); }, CodecPromise::unbiased, 0.01});
  for (const char* what :
       {"promised length", "does not add", "is hidden", "biased: slope", "above the bound"})
    EXPECT_THAT(broken, Contains(HasSubstr(what)));
}

TEST(BlockInt8, RoundsToTheNearestTiesToEven) {
  const Vector values =
      vector_from<float>({127, 0.5F, 1.5F, 2.5F, -0.5F, -1.5F, -2.5F, 0.49F, -126.6F, 3.51F});
  const Vector out = passed_through(*make_codec({.kind = CodecKind::int8}), values, codec_key(1, 1));
  EXPECT_THAT(to_std<float>(out), ElementsAre(127, 0, 2, 2, 0, -2, -2, 0, -127, 4));
}

TEST(BlockInt8, ErrorIsAtMostHalfALevel) {
  const Vector vector = codec_vector(256 * 64 + 5, ElementType::float32, 1);
  const Vector out = passed_through(*make_codec({.kind = CodecKind::int8}), vector, codec_key(1, 1));
  const Vector zeros = flat_vector(256);
  for (int64_t begin = 0; begin < vector.size(); begin += 256) {
    const int64_t size = std::min<int64_t>(256, vector.size() - begin);
    const Vector block = vector.part(begin, size);
    const double largest = largest_difference(block, zeros.part(0, size));
    EXPECT_LE(largest_difference(out.part(begin, size), block), largest / 254 * (1 + 1e-5));
  }
}

/// A format of 16 bits: sign, exponent, fraction.
struct HalfFormat {
  CodecKind kind;
  int fraction_bits, bias;

  int largest_exponent() const { return (1 << (15 - fraction_bits)) - 1; }
  /// What a code stands for, as IEEE 754 says; not for exponents of ones alone.
  double value(uint32_t code) const {
    const auto exponent = static_cast<int>((code & 0x7FFF) >> fraction_bits);
    const auto fraction = static_cast<double>(code & ((1U << fraction_bits) - 1));
    const double magnitude =
        exponent == 0 ? std::ldexp(fraction, 1 - bias - fraction_bits)
                      : std::ldexp(fraction + (1 << fraction_bits), exponent - bias - fraction_bits);
    return code & 0x8000 ? -magnitude : magnitude;
  }
  uint32_t infinity() const { return static_cast<uint32_t>(largest_exponent()) << fraction_bits; }
  /// The code of the value nearest to |number|, of two the even one; as if values went on beyond the largest.
  uint32_t nearest(double number) const {
    uint32_t low = 0, high = infinity();  // values ascend with their codes
    while (high - low > 1) (value((low + high) / 2) <= number ? low : high) = (low + high) / 2;
    if (number >= value(high)) return high;
    const double below = number - value(low), above = value(high) - number;
    return below < above || (below == above && low % 2 == 0) ? low : high;
  }
};

constexpr HalfFormat halves[] = {{CodecKind::fp16, 10, 15}, {CodecKind::bf16, 7, 127}};

// Floats of all exponents, near ties too.
TEST(Halves, RoundToTheNearestTiesToEven) {
  std::vector<float> values;
  for (uint32_t high = 0; high < (1U << 16); ++high)
    for (const uint32_t low : {0U, 1U, 0x0FFFU, 0x1000U, 0x1001U, 0x7FFFU, 0x8000U, 0x8001U, 0xFFFFU})
      values.push_back(std::bit_cast<float>((high << 16) | low));
  for (const HalfFormat& format : halves) {
    const Vector message = make_codec({.kind = format.kind})->encode(vector_from(values), codec_key(1, 1));
    const auto* const codes = message.data<uint8_t>();
    for (size_t i = 0; i < values.size(); ++i) {
      uint16_t code = 0;
      std::memcpy(&code, codes + 2 * i, sizeof code);
      if (std::isnan(values[i])) {
        EXPECT_GT(code & 0x7FFFU, format.infinity()) << values[i];
        continue;
      }
      const uint32_t sign = std::signbit(values[i]) ? 0x8000U : 0U;
      ASSERT_EQ(code, sign | format.nearest(std::fabs(double{values[i]}))) << values[i];
    }
  }
}

TEST(Halves, EveryCodeHasItsValue) {
  std::vector<uint16_t> codes(1 << 16);
  std::iota(codes.begin(), codes.end(), uint16_t{0});
  const Vector message = flat_vector(2 << 16, ElementType::byte);
  std::memcpy(message.host(), codes.data(), 2 << 16);
  for (const HalfFormat& format : halves) {
    const Vector out = decoded(*make_codec({.kind = format.kind}), message, 1 << 16, ElementType::float32);
    for (uint32_t code = 0; code < (1U << 16); ++code) {
      const double value = value_at(out, code);
      const uint32_t magnitude = code & 0x7FFF;
      if (magnitude > format.infinity())
        EXPECT_TRUE(std::isnan(value)) << code;
      else if (magnitude == format.infinity())
        EXPECT_EQ(value, code & 0x8000 ? -INFINITY : INFINITY) << code;
      else
        ASSERT_EQ(value, format.value(code)) << code;
    }
  }
}

TEST(TopK, SendsTheLargestAndOfEqualsTheFirst) {
  const auto codec = make_codec({.kind = CodecKind::top_k, .top_fraction = 0.4});
  const Vector vector = vector_from<float>({1, -3, 2, 2, -2, 0, 5, 2, -2, 1});
  EXPECT_THAT(to_std<float>(passed_through(*codec, vector, codec_key(1, 1))),
              ElementsAre(0, -3, 2, 2, 0, 0, 5, 0, 0, 0));
  const Vector message = codec->encode(vector, codec_key(1, 1));
  uint32_t indices[4];
  std::memcpy(indices, message.host(), sizeof indices);
  EXPECT_THAT(indices, ElementsAre(1, 2, 3, 6));
}

TEST(TopK, OfOneMagnitudeExactlyKTravel) {
  for (const size_t size : {1U, 7U, 100U, 101U, 1000U}) {
    const auto codec = make_codec({.kind = CodecKind::top_k, .top_fraction = 0.07});
    const Vector vector = vector_from(std::vector<float>(size, -2));
    std::vector<float> expected(size, 0);
    std::fill_n(expected.begin(), std::max<size_t>(1, (7 * size + 99) / 100), -2.0F);
    EXPECT_EQ(to_std<float>(passed_through(*codec, vector, codec_key(1, 1))), expected);
  }
}

TEST(TopK, SendsWhatASortPutsFirst) {
  const Vector vector = codec_vector(20'011, ElementType::float32, 4);
  multiply(vector.part(100, 50), 1e-20);
  const std::vector<float> values = to_std<float>(vector);
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return std::fabs(values[a]) > std::fabs(values[b]); });
  for (const double fraction : {0.0001, 0.01, 0.3, 0.9999}) {
    const Vector out = passed_through(*make_codec({.kind = CodecKind::top_k, .top_fraction = fraction}),
                                      vector, codec_key(1, 1));
    std::vector<float> expected(values.size(), 0);
    for (int64_t i = 0; i < top_k_count(vector.size(), fraction); ++i) {
      const size_t place = order[static_cast<size_t>(i)];
      expected[place] = values[place];
    }
    EXPECT_EQ(to_std<float>(out), expected);
  }
}

TEST(TopK, AnIndexBeyondTheVectorIsAnError) {
  const auto codec = make_codec({.kind = CodecKind::top_k, .top_fraction = 0.5});
  const Vector vector = codec_vector(8, ElementType::float32, 1);
  Vector message = codec->encode(vector, codec_key(1, 1));
  const uint32_t beyond = 8;
  std::memcpy(message.data<uint8_t>() + 12, &beyond, 4);
  Vector sum = vector.copy();
  EXPECT_THROW(codec->decode_add(message, sum), Error);
  EXPECT_TRUE(same_bits(sum, vector));
}

TEST(FullCodec, KeepsDoublesAndRefusesOtherTypes) {
  const auto codec = make_codec({}, ElementType::float64);
  const Vector vector = codec_vector(33, ElementType::float64, 1);
  EXPECT_EQ(codec->message_bytes(33), 264);
  EXPECT_TRUE(same_bits(passed_through(*codec, vector, codec_key(1, 1)), vector));
  EXPECT_THROW(codec->encode(as_float32(vector), codec_key(1, 1)), Error);
  EXPECT_THROW(make_codec({})->encode(vector, codec_key(1, 1)), Error);
}

TEST(Codecs, RefuseWhatIsNoVector) {
  for (const CodecKind kind : {CodecKind::full, CodecKind::qsgd4}) {
    const auto codec = make_codec({.kind = kind});
    for (const Vector& wrong : {flat_vector(8, ElementType::int64), flat_vector(8, ElementType::byte),
                                test::far_vector(8), Vector()})
      EXPECT_THROW(codec->encode(wrong, codec_key(1, 1)), Error);
  }
}

TEST(MessageSize, IsThatOfTheMessagesAndWithinItsShareOfFloats) {
  constexpr int64_t size = 1'000'003;
  const Vector vector = codec_vector(size, ElementType::float32, 1);
  struct Share {
    CodecKind kind;
    double most;
  };
  for (const Share& share : {Share{CodecKind::full, 1},
                             {CodecKind::fp16, 0.5},
                             {CodecKind::bf16, 0.5},
                             {CodecKind::qsgd8, 0.27},
                             {CodecKind::int8, 0.27},
                             {CodecKind::qsgd4, 0.14},
                             {CodecKind::qsgd2, 0.08},
                             {CodecKind::top_k, 0.0201}}) {
    const CodecOptions options{.kind = share.kind};
    const int64_t bytes = message_bytes(options.form(), size);
    EXPECT_EQ(make_codec(options)->encode(vector, codec_key(1, 1)).size(), bytes);
    EXPECT_LE(static_cast<double>(bytes), share.most * 4 * size);
  }
  EXPECT_EQ(message_bytes(CodecOptions{}.form(8), 10), 80);
  EXPECT_EQ(message_bytes(qsgd(CodecKind::qsgd4, 64).form(), 129), 65 + 3 * 4);
  EXPECT_EQ(message_bytes(qsgd(CodecKind::qsgd2, 64).form(), 129), 33 + 3 * 4);
}

TEST(MessageSize, PartsCoverTheVectorAndCutNoBucket) {
  for (const int64_t elements : {int64_t{0}, int64_t{1}, int64_t{511}, int64_t{5000}, int64_t{1} << 40})
    for (const int64_t parts : {1, 2, 3, 7, 64})
      for (const int64_t multiple : {1, 64, 512}) {
        EXPECT_EQ(part_begin(elements, parts, multiple, 0), 0);
        EXPECT_EQ(part_begin(elements, parts, multiple, parts), elements);
        int64_t longest = 0, shortest = elements;
        for (int64_t part = 0; part < parts; ++part) {
          const int64_t begin = part_begin(elements, parts, multiple, part);
          const int64_t size = part_begin(elements, parts, multiple, part + 1) - begin;
          EXPECT_TRUE(begin % multiple == 0 || begin == elements);
          longest = std::max(longest, size);
          shortest = std::min(shortest, size);
        }
        EXPECT_LT(longest - shortest, 2 * multiple);
      }
}

TEST(CodecOptions, NameWhatIsWrong) {
  const auto message = [](const CodecOptions& options, bool feedback = false) -> std::string {
    try {
      if (feedback)
        options.validate_for_error_feedback();
      else
        options.validate();
      return "";
    } catch (const OptionError& error) {
      return error.what();
    }
  };
  for (const int64_t bucket : {-64, 0, 63, 100, 1 << 25})
    EXPECT_THAT(message(qsgd(CodecKind::qsgd8, bucket)), HasSubstr("comm.bucket = "));
  EXPECT_THAT(message({.kind = CodecKind::top_k, .bucket = 64}), HasSubstr("only qsgd8"));
  EXPECT_THAT(message({.kind = CodecKind::int8, .scale = QsgdScale::two_norm}), HasSubstr("comm.scale"));
  for (const double fraction : {0.0, -1.0, 1.01, std::numeric_limits<double>::quiet_NaN()})
    EXPECT_THAT(message({.kind = CodecKind::top_k, .top_fraction = fraction}),
                HasSubstr("comm.top_fraction"));
  EXPECT_THROW(make_codec(qsgd(CodecKind::qsgd8, 100)), OptionError);
  EXPECT_THAT(message({.kind = CodecKind::int8, .rounding = QsgdRounding::nearest}),
              HasSubstr("comm.rounding"));
  for (const CodecKind kind :
       {CodecKind::full, CodecKind::qsgd8, CodecKind::qsgd4, CodecKind::int8, CodecKind::top_k})
    EXPECT_EQ(message({.kind = kind}, true), "");
  EXPECT_THAT(message({.kind = CodecKind::qsgd2}, true), HasSubstr("comm.rounding"));
  EXPECT_EQ(message({.kind = CodecKind::qsgd2, .rounding = QsgdRounding::nearest}, true), "");
  EXPECT_EQ(message(qsgd(CodecKind::qsgd8, 512, QsgdScale::two_norm), true), "");
  EXPECT_THAT(message(qsgd(CodecKind::qsgd4, 64, QsgdScale::two_norm), true),
              HasSubstr("comm.error_feedback"));
}

}  // namespace
}  // namespace muster
