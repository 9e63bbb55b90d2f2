#include "tests/own_kinds/sign_codec.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "muster/comm/codec/float_codec.h"

namespace muster::test {

namespace {

int64_t bytes_of(int64_t elements) { return 4 + elements; }

class SignCodec : public FloatCodec {
 public:
  explicit SignCodec(bool by_largest) : by_largest_(by_largest) {}
  int64_t message_bytes(int64_t elements) const override { return bytes_of(elements); }

 private:
  void encode_floats(const float* values, int64_t size, const RandomKey&, uint8_t* message) const override {
    float sum = 0, largest = 0;
    for (int64_t i = 0; i < size; ++i) {
      sum += std::fabs(values[i]);
      largest = std::max(largest, std::fabs(values[i]));
    }
    const float magnitude = by_largest_ ? largest : sum / static_cast<float>(std::max<int64_t>(1, size));
    std::memcpy(message, &magnitude, 4);
    for (int64_t i = 0; i < size; ++i) message[4 + i] = values[i] < 0 ? 1 : 0;
  }
  void add_floats(const uint8_t* message, int64_t size, float* sum) const override {
    float magnitude = 0;
    std::memcpy(&magnitude, message, 4);
    for (int64_t i = 0; i < size; ++i) sum[i] += message[4 + i] == 0 ? magnitude : -magnitude;
  }

  bool by_largest_;
};

CodecOptions options_of(const std::string& magnitude) {
  const bool by_largest = magnitude == "largest";
  CodecOptions options;
  options.own =
      std::make_shared<const OwnCodec>(OwnCodec{.make = [by_largest](ElementType) -> std::unique_ptr<Codec> {
                                                  return std::make_unique<SignCodec>(by_largest);
                                                },
                                                .message_bytes = bytes_of});
  return options;
}

}  // namespace

NamedCodec sign_codec() {
  return named_codec("sign",
                     Reading<CodecOptions>().bind<std::string>(
                         text_field("magnitude")
                             .says("what every value of a vector becomes, but for its sign.")
                             .one_of({"mean", "largest"})
                             .otherwise("mean"),
                         [](CodecOptions& options, const std::string& word, const NoFacts&) {
                           options = options_of(word);
                         }),
                     true)
      .says("the sign of each value, and one magnitude for all")
      .from("nobody")
      .in("sign_codec")
      .in_plans();
}

}  // namespace muster::test
