// Encoding and decoding of a vector on one thread, in bytes of the vector (4 for each value) per second,
// beside an in-place pass over the same vector.
//   bench_codec_rate [ELEMENTS [TURNS]]        (22,000,000, 7)
#include <fmt/format.h>

#include <cstdlib>
#include <memory>

#include "bench/interleaved.h"
#include "muster/comm/codec/make_codec.h"
#include "muster/comm/compressed_mean.h"
#include "muster/comm/solo.h"
#include "muster/flat/vector.h"

namespace {

using namespace muster;

struct Named {
  const char* name;
  CodecOptions options;
};

/// A codec with what it works on.
struct Coded {
  std::unique_ptr<Codec> codec;
  Vector message;
};

int64_t argument(int argc, char** argv, int at, int64_t otherwise) {
  return argc > at ? std::atoll(argv[at]) : otherwise;
}

/// A mean of two vectors in one process: for each of the two, encoding and decoding of its vector, and of its
/// part of the mean, which everybody decodes.
double seconds_of_mean(const CodecOptions& codec, bool error_feedback, const Vector& vector,
                       const Vector& mean, int turns) {
  Solo solo;
  CompressedMean compressed(
      make_codec(codec),
      {.error_feedback = error_feedback, .hosted = 2, .part_multiple = codec.form().bucket});
  std::vector<bench::Contender> contenders = {
      {"mean", [&] {
         compressed.start(solo, {vector, vector}, mean, 0)->wait(deadline_in(std::chrono::minutes(1)));
         compressed.commit();
       }}};
  bench::interleave(contenders, turns);
  return contenders[0].median() / 2;
}

}  // namespace

int main(int argc, char** argv) {
  const int64_t elements = argument(argc, argv, 1, 22'000'000), turns = argument(argc, argv, 2, 7);
  Vector vector = flat_vector(elements), sum = flat_vector(elements);
  RandomStream stream({.seed = 1, .purpose = Purpose::test});
  for (int64_t i = 0; i < elements; ++i)
    vector.data<float>()[i] = static_cast<float>(stream.uniform() - stream.uniform());
  const Named named[] = {{"full", {}},
                         {"fp16", {.kind = CodecKind::fp16}},
                         {"bf16", {.kind = CodecKind::bf16}},
                         {"int8", {.kind = CodecKind::int8}},
                         {"qsgd8", {.kind = CodecKind::qsgd8}},
                         {"qsgd4", {.kind = CodecKind::qsgd4}},
                         {"qsgd2", {.kind = CodecKind::qsgd2}},
                         {"qsgd4, 2-norm", {.kind = CodecKind::qsgd4, .scale = QsgdScale::two_norm}},
                         {"qsgd4, nearest", {.kind = CodecKind::qsgd4, .rounding = QsgdRounding::nearest}},
                         {"top_k, 1 %", {.kind = CodecKind::top_k}}};
  ThreadPool alone(1);
  std::vector<bench::Contender> contenders = {
      {"in-place pass", [&] { bench::in_place_pass(sum.data<float>(), 2 * elements * 4, alone); }}};
  std::vector<Coded> coded;
  for (const Named& codec : named) coded.push_back({make_codec(codec.options), {}});
  for (size_t i = 0; i < coded.size(); ++i) {
    Coded& here = coded[i];
    contenders.push_back({named[i].name, [&] { here.message = here.codec->encode(vector, {.seed = 1}); }});
    contenders.push_back({named[i].name, [&] { here.codec->decode_add(here.message, sum); }});
  }
  bench::interleave(contenders, static_cast<int>(turns));
  const auto rate = [&](size_t i) {
    return static_cast<double>(4 * elements) / contenders[i].median() * 1e-9;
  };
  fmt::print(
      "{} floats, one thread; GB/s of the vector\nin-place pass {:26.2f}\n{:16} {:>11} {:>11} {:>16}\n",
      elements, rate(0), "", "encode", "decode", "message / vector");
  for (size_t i = 0; i < coded.size(); ++i)
    fmt::print("{:16} {:11.2f} {:11.2f} {:16.4f}\n", named[i].name, rate(1 + 2 * i), rate(2 + 2 * i),
               static_cast<double>(coded[i].message.size()) / static_cast<double>(4 * elements));
  fmt::print("\ncompressed mean, ms for each contributor\n{:16} {:>11} {:>16}\n", "", "", "error feedback");
  for (const Named& codec : named)
    fmt::print("{:16} {:11.1f} {:16.1f}\n", codec.name,
               1e3 * seconds_of_mean(codec.options, false, vector, sum, static_cast<int>(turns)),
               1e3 * seconds_of_mean(codec.options, true, vector, sum, static_cast<int>(turns)));
}
