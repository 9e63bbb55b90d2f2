#pragma once

#include <ATen/ATen.h>

#include <cmath>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "muster/base/error.h"
#include "muster/base/random.h"
#include "muster/comm/codec.h"
#include "muster/flat/flat_buffer.h"

/// What every Codec must keep to, for ours and for anybody's own. Needs no test framework:
///
///     for (const auto& broken : muster::contract::check_codec(codec)) ADD_FAILURE() << broken;
///
/// Checked in float and double, for vectors of many lengths, the empty one included:
///   - a message has the promised length; a message of another length, or one that is no bytes, is an Error
///   that
///     changes nothing; it may begin at any address;
///   - decode_add adds, and encode only reads;
///   - zeros come out as zeros; Inf and NaN do not come out as numbers;
///   - the same key gives the same bits; another key other ones, where the codec draws;
///   - the error is what the codec promises: none, no bias and a bounded variance, or a bounded error.
namespace muster::contract {

/// How a decoded vector d stands to the encoded one v.
enum class CodecPromise {
  exact,        ///< d = v
  unbiased,     ///< E d = v and E |d - v|^2 <= bound |v|^2
  contraction,  ///< |d - v|^2 <= bound |v|^2, bound < 1
};

struct CodecCase {
  std::function<std::unique_ptr<Codec>(at::ScalarType)> make;  ///< for vectors of this type
  CodecPromise promise = CodecPromise::exact;
  double bound = 0;  ///< for normal numbers
};

inline const std::vector<int64_t>& codec_lengths() {
  static const std::vector<int64_t> lengths = {0,   1,   2,   3,   5,   63,  64,   65,   127,
                                               128, 129, 500, 511, 512, 513, 1000, 1025, 4099};
  return lengths;
}

inline at::Tensor codec_vector(int64_t size, at::ScalarType type, uint64_t which) {
  const at::Tensor drawn = at::zeros({size}, at::kDouble);
  RandomStream stream({.seed = 21, .purpose = Purpose::test, .a = static_cast<uint64_t>(size), .b = which});
  for (int64_t i = 0; i < size; ++i) drawn.data_ptr<double>()[i] = stream.normal();
  return drawn.to(type);
}

inline RandomKey codec_key(uint64_t a, uint64_t b) {
  return {.seed = 5, .purpose = Purpose::quantisation, .a = a, .b = b};
}

inline at::Tensor decoded(const Codec& codec, const at::Tensor& message, int64_t size, at::ScalarType type) {
  at::Tensor sum = at::zeros({size}, type);
  codec.decode_add(message, sum);
  return sum;
}

inline double squared_norm(const at::Tensor& vector) {
  const at::Tensor wide = vector.to(at::kDouble);
  return wide.dot(wide).item<double>();
}

/// One codec, one type of vectors.
class CodecCheck {
 public:
  CodecCheck(const CodecCase& codec, at::ScalarType type, std::vector<std::string>& broken)
      : codec_(codec.make(type)), case_(codec), type_(type), broken_(broken) {}

  void check_all() {
    for (const int64_t size : codec_lengths()) {
      check_message(size);
      check_wrong_messages(size);
      check_zeros(size);
      check_not_finite(size);
      check_keys(size);
      if (case_.promise != CodecPromise::unbiased) check_error(size);
    }
    if (case_.promise == CodecPromise::unbiased) check_bias();
  }

 private:
  void expect(bool holds, int64_t size, const std::string& otherwise) {
    if (!holds)
      broken_.push_back(std::string(c10::toString(type_)) + ", " + std::to_string(size) +
                        " elements: " + otherwise);
  }

  void check_message(int64_t size) {
    const at::Tensor vector = codec_vector(size, type_, 1), before = codec_vector(size, type_, 2);
    const at::Tensor message = codec_->encode(vector, codec_key(1, 1));
    expect(at::equal(vector, codec_vector(size, type_, 1)), size, "encode writes to the vector");
    expect(message.scalar_type() == at::kByte && message.dim() == 1 && message.is_contiguous(), size,
           "a message is no vector of bytes");
    expect(message.numel() == codec_->message_bytes(size), size, "a message has not the promised length");
    at::Tensor sum = before.clone();
    codec_->decode_add(message, sum);
    expect(at::equal(sum, before + decoded(*codec_, message, size, type_)), size,
           "decode_add does not add to what is there");
    const at::Tensor shifted = at::zeros({message.numel() + 1}, at::kByte).narrow(0, 1, message.numel());
    shifted.copy_(message);
    expect(at::equal(decoded(*codec_, shifted, size, type_), decoded(*codec_, message, size, type_)), size,
           "a message at an odd address decodes to something else");
  }

  void check_wrong_messages(int64_t size) {
    const at::Tensor before = codec_vector(size, type_, 2);
    const int64_t bytes = codec_->message_bytes(size);
    std::vector<at::Tensor> wrong = {at::zeros({bytes + 1}, at::kByte), at::zeros({bytes}, at::kChar)};
    if (bytes > 0) wrong.push_back(at::zeros({bytes - 1}, at::kByte));
    for (const at::Tensor& message : wrong) {
      at::Tensor sum = before.clone();
      bool refused = false;
      try {
        codec_->decode_add(message, sum);
      } catch (const Error&) {
        refused = true;
      } catch (const std::exception&) {
        refused = false;
      }
      expect(refused, size, "a message of another form is not an Error");
      expect(at::equal(sum, before), size, "a refused message changes the sum");
    }
  }

  void check_zeros(int64_t size) {
    const at::Tensor zeros = at::zeros({size}, type_);
    expect(at::equal(decoded(*codec_, codec_->encode(zeros, codec_key(1, 1)), size, type_), zeros), size,
           "zeros do not come out as zeros");
  }

  void check_not_finite(int64_t size) {
    if (size == 0) return;
    constexpr double infinity = std::numeric_limits<double>::infinity();
    for (const double value : {infinity, -infinity, std::numeric_limits<double>::quiet_NaN()})
      for (const int64_t at : {int64_t{0}, size / 2, size - 1}) {
        at::Tensor vector = codec_vector(size, type_, 1);
        vector.narrow(0, at, 1).fill_(value);
        const at::Tensor out = decoded(*codec_, codec_->encode(vector, codec_key(1, 1)), size, type_);
        expect(!at::isfinite(out).all().item<bool>(), size, std::to_string(value) + " is hidden");
      }
  }

  void check_keys(int64_t size) {
    const at::Tensor vector = codec_vector(size, type_, 1);
    const at::Tensor message = codec_->encode(vector, codec_key(1, 1));
    expect(at::equal(message, codec_->encode(vector, codec_key(1, 1))), size,
           "the same key gives another message");
    if (case_.promise != CodecPromise::unbiased || size < 500) return;
    for (const RandomKey& key : {codec_key(2, 1), codec_key(1, 2), codec_key(uint64_t{1} << 33, 1),
                                 RandomKey{.seed = 6, .purpose = Purpose::quantisation, .a = 1, .b = 1}})
      expect(!at::equal(message, codec_->encode(vector, key)), size, "another key draws the same numbers");
  }

  void check_error(int64_t size) {
    const at::Tensor vector = codec_vector(size, type_, 1);
    const at::Tensor out = decoded(*codec_, codec_->encode(vector, codec_key(1, 1)), size, type_);
    if (case_.promise == CodecPromise::exact)
      expect(at::equal(out, vector), size, "what comes out is not what went in");
    else
      expect(squared_norm(out - vector) <= case_.bound * squared_norm(vector), size,
             "the error is larger than promised");
  }

  /// The mean of R encodings has 1/R of the variance of one, and the right slope (4 standard errors).
  void check_bias() {
    constexpr int64_t size = 1025;
    constexpr int repeats = 512;
    const at::Tensor vector = codec_vector(size, at::kFloat, 1).to(type_);
    at::Tensor sum = at::zeros({size}, at::kDouble);
    double variance = 0;
    for (int repeat = 0; repeat < repeats; ++repeat) {
      const at::Tensor message = codec_->encode(vector, codec_key(1, static_cast<uint64_t>(repeat)));
      const at::Tensor out = decoded(*codec_, message, size, type_).to(at::kDouble);
      variance += squared_norm(out - vector) / repeats;
      sum.add_(out);
    }
    const double norm = squared_norm(vector), relative = variance / norm;
    expect(relative <= case_.bound, size,
           "the relative variance is " + std::to_string(relative) + ", above the bound");
    const at::Tensor mean = sum / repeats;
    const double ratio = squared_norm(mean - vector) / (variance / repeats);
    expect(std::abs(ratio - 1) < 0.25, size,
           "biased: the mean of the encodings is off by " + std::to_string(ratio) + " times its variance");
    const double slope = mean.dot(vector.to(at::kDouble)).item<double>() / norm;
    expect(std::abs(slope - 1) < 4 * std::sqrt(relative / (repeats * static_cast<double>(size))) + 1e-6, size,
           "biased: slope " + std::to_string(slope));
  }

  std::unique_ptr<Codec> codec_;
  const CodecCase& case_;
  at::ScalarType type_;
  std::vector<std::string>& broken_;
};

/// The broken promises, one line each; none: the codec keeps to the contract.
inline std::vector<std::string> check_codec(const CodecCase& codec) {
  std::vector<std::string> broken;
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) try {
      CodecCheck(codec, type, broken).check_all();
    } catch (const std::exception& failure) {
      broken.push_back(std::string(c10::toString(type)) + ": throws " + failure.what());
    }
  return broken;
}

}  // namespace muster::contract
