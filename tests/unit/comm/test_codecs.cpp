#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <bit>
#include <cstring>

#include "muster/comm/make_codec.h"
#include "tests/contract/codec_contract.h"
#include "tests/support/codec_cases.h"

namespace muster {
namespace {

using contract::check_codec;
using contract::codec_key;
using contract::codec_vector;
using contract::CodecCase;
using contract::CodecPromise;
using contract::decoded;
using test::floats;
using test::nearest;
using test::passed_through;
using test::qsgd;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

CodecCase case_of(const CodecOptions& options, CodecPromise promise, double bound = 0) {
  return {[options](at::ScalarType type) { return make_codec(options, type); }, promise, bound};
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

/// Forgets what it is asked to add to, writes one byte too many and replaces NaN.
class Broken final : public Codec {
 public:
  at::Tensor encode(const at::Tensor& vector, const RandomKey& key) const override {
    const at::Tensor message = inner_->encode(at::nan_to_num(vector.to(at::kFloat)), key);
    return at::cat({message, at::zeros({1}, at::kByte)});
  }
  void decode_add(const at::Tensor& message, at::Tensor& sum) const override {
    at::Tensor out = at::zeros({sum.numel()}, at::kFloat);
    inner_->decode_add(message.narrow(0, 0, std::max<int64_t>(0, message.numel() - 1)), out);
    sum.copy_(out * 1.01);
  }
  int64_t message_bytes(int64_t elements) const override { return inner_->message_bytes(elements); }

 private:
  std::unique_ptr<Codec> inner_ = make_codec({.kind = CodecKind::qsgd4});
};

TEST(CodecContract, FindsBrokenPromises) {
  const auto broken =
      check_codec({[](at::ScalarType) { return std::make_unique<Broken>(); }, CodecPromise::unbiased, 0.01});
  for (const char* what :
       {"promised length", "does not add", "is hidden", "biased: slope", "above the bound"})
    EXPECT_THAT(broken, Contains(HasSubstr(what)));
}

TEST(BlockInt8, RoundsToTheNearestTiesToEven) {
  const std::vector<float> values = {127, 0.5F, 1.5F, 2.5F, -0.5F, -1.5F, -2.5F, 0.49F, -126.6F, 3.51F};
  const at::Tensor out =
      passed_through(*make_codec({.kind = CodecKind::int8}), floats(values), codec_key(1, 1));
  EXPECT_TRUE(at::equal(out, floats({127, 0, 2, 2, 0, -2, -2, 0, -127, 4})));
}

TEST(BlockInt8, ErrorIsAtMostHalfALevel) {
  const at::Tensor vector = codec_vector(256 * 64 + 5, at::kFloat, 1);
  const at::Tensor error =
      (passed_through(*make_codec({.kind = CodecKind::int8}), vector, codec_key(1, 1)) - vector).abs();
  for (int64_t begin = 0; begin < vector.numel(); begin += 256) {
    const int64_t size = std::min<int64_t>(256, vector.numel() - begin);
    const double largest = vector.narrow(0, begin, size).abs().max().item<double>();
    EXPECT_LE(error.narrow(0, begin, size).max().item<double>(), largest / 254 * (1 + 1e-5));
  }
}

// ATen's conversions are the yardstick: every half, and floats of all exponents, near ties too.
TEST(Halves, HaveTheBitsOfTheirFormats) {
  std::vector<float> values;
  for (uint32_t high = 0; high < (1U << 16); ++high)
    for (const uint32_t low : {0U, 1U, 0x0FFFU, 0x1000U, 0x1001U, 0x7FFFU, 0x8000U, 0x8001U, 0xFFFFU})
      values.push_back(std::bit_cast<float>((high << 16) | low));
  const at::Tensor vector = floats(values);
  for (const auto& [kind, type] : {std::pair{CodecKind::fp16, at::kHalf}, {CodecKind::bf16, at::kBFloat16}}) {
    const auto codec = make_codec({.kind = kind});
    const at::Tensor expected = vector.to(type).to(at::kFloat);
    const at::Tensor out = passed_through(*codec, vector, codec_key(1, 1));
    EXPECT_TRUE(at::equal(at::isnan(out), at::isnan(vector)));
    EXPECT_TRUE(at::equal(at::nan_to_num(out, 7, 1e38, -1e38), at::nan_to_num(expected, 7, 1e38, -1e38)));
    // Every code, behind a sum's zero.
    std::vector<uint16_t> codes(1 << 16);
    for (size_t code = 0; code < codes.size(); ++code) codes[code] = static_cast<uint16_t>(code);
    const at::Tensor all = at::from_blob(codes.data(), {1 << 16}, type);
    const at::Tensor wide = decoded(*codec, all.view(at::kByte), 1 << 16, at::kFloat);
    EXPECT_TRUE(
        at::equal(at::nan_to_num(wide, 7, 1e38, -1e38), at::nan_to_num(all.to(at::kFloat), 7, 1e38, -1e38)));
  }
}

TEST(TopK, SendsTheLargestAndOfEqualsTheFirst) {
  const auto codec = make_codec({.kind = CodecKind::top_k, .top_fraction = 0.4});
  const at::Tensor vector = floats({1, -3, 2, 2, -2, 0, 5, 2, -2, 1});
  EXPECT_TRUE(
      at::equal(passed_through(*codec, vector, codec_key(1, 1)), floats({0, -3, 2, 2, 0, 0, 5, 0, 0, 0})));
  const at::Tensor message = codec->encode(vector, codec_key(1, 1));
  uint32_t indices[4];
  std::memcpy(indices, message.data_ptr(), sizeof indices);
  EXPECT_THAT(indices, testing::ElementsAre(1, 2, 3, 6));
}

TEST(TopK, OfOneMagnitudeExactlyKTravel) {
  for (const int64_t size : {1, 7, 100, 101, 1000}) {
    const auto codec = make_codec({.kind = CodecKind::top_k, .top_fraction = 0.07});
    const at::Tensor out = passed_through(*codec, at::full({size}, -2.0, at::kFloat), codec_key(1, 1));
    const int64_t count = std::max<int64_t>(1, (7 * size + 99) / 100);
    EXPECT_EQ(at::count_nonzero(out).item<int64_t>(), count);
    EXPECT_EQ(at::count_nonzero(out.narrow(0, 0, count)).item<int64_t>(), count);
  }
}

TEST(TopK, SendsWhatASortPutsFirst) {
  const at::Tensor vector = codec_vector(20'011, at::kFloat, 4);
  vector.narrow(0, 100, 50).mul_(1e-20);
  for (const double fraction : {0.0001, 0.01, 0.3, 0.9999}) {
    const at::Tensor out = passed_through(*make_codec({.kind = CodecKind::top_k, .top_fraction = fraction}),
                                          vector, codec_key(1, 1));
    const at::Tensor order = std::get<1>(at::sort(vector.abs(), true, 0, true));
    const at::Tensor first = order.narrow(0, 0, top_k_count(vector.numel(), fraction));
    EXPECT_TRUE(at::equal(out, at::zeros_like(vector).index_copy(0, first, vector.index_select(0, first))));
  }
}

TEST(TopK, AnIndexBeyondTheVectorIsAnError) {
  const auto codec = make_codec({.kind = CodecKind::top_k, .top_fraction = 0.5});
  const at::Tensor vector = codec_vector(8, at::kFloat, 1);
  at::Tensor message = codec->encode(vector, codec_key(1, 1));
  const uint32_t beyond = 8;
  std::memcpy(message.data_ptr<uint8_t>() + 12, &beyond, 4);
  at::Tensor sum = vector.clone();
  EXPECT_THROW(codec->decode_add(message, sum), Error);
  EXPECT_TRUE(at::equal(sum, vector));
}

TEST(FullCodec, KeepsDoublesAndRefusesOtherTypes) {
  const auto codec = make_codec({}, at::kDouble);
  const at::Tensor vector = codec_vector(33, at::kDouble, 1);
  EXPECT_EQ(codec->message_bytes(33), 264);
  EXPECT_TRUE(at::equal(passed_through(*codec, vector, codec_key(1, 1)), vector));
  EXPECT_THROW(codec->encode(vector.to(at::kFloat), codec_key(1, 1)), Error);
  EXPECT_THROW(make_codec({})->encode(vector, codec_key(1, 1)), Error);
}

TEST(Codecs, RefuseWhatIsNoVector) {
  for (const CodecKind kind : {CodecKind::full, CodecKind::qsgd4}) {
    const auto codec = make_codec({.kind = kind});
    for (const at::Tensor& wrong :
         {at::zeros({4, 4}), at::zeros({8}).slice(0, 0, 8, 2), at::zeros({8}, at::kInt), at::Tensor()})
      EXPECT_THROW(codec->encode(wrong, codec_key(1, 1)), Error);
  }
}

TEST(MessageSize, IsThatOfTheMessagesAndWithinItsShareOfFloats) {
  constexpr int64_t size = 1'000'003;
  const at::Tensor vector = codec_vector(size, at::kFloat, 1);
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
    EXPECT_EQ(make_codec(options)->encode(vector, codec_key(1, 1)).numel(), bytes);
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
