#include "muster/app/codec_choice.h"

#include <map>
#include <string>

#include "muster/app/unused_option.h"

namespace muster {

std::optional<CodecChoice> codec_choice(const CommSection& comm) {
  static const std::map<std::string, CodecKind> kinds = {
      {"fp32", CodecKind::full},   {"fp16", CodecKind::fp16},   {"bf16", CodecKind::bf16},
      {"qsgd8", CodecKind::qsgd8}, {"qsgd4", CodecKind::qsgd4}, {"qsgd2", CodecKind::qsgd2},
      {"int8", CodecKind::int8},   {"top_k", CodecKind::top_k}};
  CodecChoice choice;
  choice.codec.kind = kinds.at(comm.codec);
  choice.codec.bucket = comm.bucket;
  choice.codec.scale = comm.scale == "max" ? QsgdScale::max : QsgdScale::two_norm;
  choice.codec.rounding = comm.rounding == "nearest" ? QsgdRounding::nearest : QsgdRounding::stochastic;
  choice.codec.top_fraction = comm.top_fraction;
  choice.error_feedback = comm.error_feedback.value_or(comm.codec == "int8" || comm.codec == "top_k");
  choice.codec.validate();
  if (choice.error_feedback) choice.codec.validate_for_error_feedback();
  if (comm.codec != "fp32") return choice;
  if (choice.error_feedback)
    throw UnusedOption("comm.error_feedback", true,
                       "has nothing to feed back with comm.codec = fp32, which loses nothing; leave it out");
  return std::nullopt;
}

}  // namespace muster
