#include "muster/comm/codec/codec_kinds.h"

namespace muster::inline comm {

namespace {

using O = CodecOptions;

Field bucket_field() {
  return integer_field("bucket")
      .says("values that share a scale: a multiple of 64.")
      .in("values")
      .absent("the codec's own")
      .at_least(64)
      .at_most(1 << 24);
}
Field scale_field() {
  return text_field("scale")
      .says("what the values of a bucket are measured by.")
      .one_of({"max", "two_norm"})
      .otherwise("max");
}
Field rounding_field() {
  return text_field("rounding")
      .says(
          "how values are rounded: at random, which is unbiased, or to the nearest level, for error "
          "feedback.")
      .one_of({"stochastic", "nearest"})
      .otherwise("stochastic");
}

Reading<O> reading_of(CodecKind kind) {
  return Reading<O>().take([kind](O& options, const NoFacts&) { options.kind = kind; });
}

Reading<O> with_bucket(CodecKind kind) {
  return reading_of(kind)
      .bind(bucket_field(), &O::bucket)
      .absent(std::to_string(O{.kind = kind}.form().bucket));
}

Reading<O> qsgd_reading(CodecKind kind) {
  return with_bucket(kind)
      .bind<std::string>(scale_field(),
                         [](O& options, const std::string& word, const NoFacts&) {
                           options.scale = word == "max" ? QsgdScale::max : QsgdScale::two_norm;
                         })
      .bind<std::string>(rounding_field(), [](O& options, const std::string& word, const NoFacts&) {
        options.rounding = word == "nearest" ? QsgdRounding::nearest : QsgdRounding::stochastic;
      });
}

NamedCodec qsgd(const char* name, CodecKind kind, int bits) {
  return named_codec(name, qsgd_reading(kind))
      .says("QSGD: each value becomes one of " + std::to_string((1 << bits) - 1) + " levels, " +
            std::to_string(bits) + " bits, of its bucket's scale")
      .from("Alistarh, Grubic, Li, Tomioka, Vojnovic, NeurIPS 2017")
      .in("qsgd_codec, qsgd_kernel")
      .studied_with(bits);
}

NamedCodec top_k() {
  return named_codec(
             "top_k",
             reading_of(CodecKind::top_k)
                 .bind(
                     real_field("top_fraction").says("share of the values that is sent.").above(0).at_most(1),
                     &O::top_fraction),
             true)
      .says("the largest values with their places, 8 bytes each")
      .from("Aji, Heafield, EMNLP 2017; with error feedback Stich, Cordonnier, Jaggi, NeurIPS 2018")
      .in("top_k_codec");
}

}  // namespace

Field error_feedback_field() {
  return boolean_field("error_feedback").says("add what an encoding lost to the next one.").absent("false");
}

NamedCodec named_codec(std::string name, Reading<CodecOptions> reading, bool feeds_back) {
  Reading<CodecOptions> whole = feeds_back ? std::move(reading).mention(error_feedback_field()).absent("true")
                                           : std::move(reading).mention(error_feedback_field());
  NamedCodec codec;
  codec.name = std::move(name);
  codec.uses = whole.uses();
  codec.feeds_back = feeds_back;
  codec.options = [whole = std::move(whole)](const Values& values) { return whole(values, {}); };
  return codec;
}

Family<NamedCodec> built_in_codecs() {
  return {
      {.section = "comm",
       .key = "codec",
       .usual = "fp32",
       .meaning =
           "How outer gradients are sent (gradients, where the rule averages these): as they are, in half "
           "precision, as QSGD of 8, 4 or 2 bits, as int8 with a scale for each block, or the largest "
           "few."},
      {named_codec("fp32", reading_of(CodecKind::full))
           .says("as they are")
           .in("full_codec")
           .loses_nothing()
           .fit_for_parameters()
           .in_plans()
           .studied_with(32),
       named_codec("fp16", reading_of(CodecKind::fp16))
           .says("half precision: 2 bytes a value, 11 bits of precision")
           .from("IEEE 754-2008")
           .in("half_codec")
           .fit_for_parameters()
           .in_plans(),
       named_codec("bf16", reading_of(CodecKind::bf16))
           .says("the upper half of a float: 2 bytes a value, 8 bits of precision")
           .in("half_codec")
           .fit_for_parameters(),
       qsgd("qsgd8", CodecKind::qsgd8, 8)
           .in_plans()
           .advised("8 bits for each value (qsgd8)",
                    "qsgd8: 8 bits in buckets of 512 reached the accuracy of 32 (Alistarh et al., 2017)."),
       qsgd("qsgd4", CodecKind::qsgd4, 4).in_plans(), qsgd("qsgd2", CodecKind::qsgd2, 2),
       named_codec("int8", with_bucket(CodecKind::int8), true)
           .says("8 bits a value, to the nearest of 255 levels of its block's largest value")
           .in("block_int8_codec, block_int8_kernel")
           .in_plans(),
       top_k()}};
}

}  // namespace muster::inline comm
