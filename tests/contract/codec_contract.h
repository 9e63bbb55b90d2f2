#pragma once

#include <cmath>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "muster/base/error.h"
#include "muster/base/random.h"
#include "muster/comm/codec/codec.h"
#include "muster/flat/arithmetic.h"
#include "muster/flat/finite.h"
#include "muster/flat/vector.h"

/// The contract of every Codec, Muster's or a user's own. Needs no test framework:
///
///     for (const auto& broken : muster::contract::check_codec(codec)) ADD_FAILURE() << broken;
///
/// Checked in float and double, for vectors of many lengths, the empty one included:
///   - a message has the promised length and may begin at any address; one of another length, or that is no
///     bytes, is an Error that changes nothing;
///   - decode_add adds, and encode only reads;
///   - zeros come out as zeros; Inf and NaN do not come out as numbers;
///   - the same key gives the same bits; another key other ones, where the codec draws;
///   - the error is what the codec promises: none, no bias and a bounded variance, or a bounded error.
namespace muster::contract {

/// The relation between a vector v and d, v encoded and decoded.
enum class CodecPromise {
  exact,        ///< d = v
  unbiased,     ///< E d = v and E |d - v|^2 <= bound |v|^2
  contraction,  ///< |d - v|^2 <= bound |v|^2, bound < 1
};

struct CodecCase {
  std::function<std::unique_ptr<Codec>(ElementType)> make;  ///< for vectors of this type
  CodecPromise promise = CodecPromise::exact;
  double bound = 0;  ///< for normal numbers
};

inline const std::vector<int64_t>& codec_lengths() {
  static const std::vector<int64_t> lengths = {0,   1,   2,   3,   5,   63,  64,   65,   127,
                                               128, 129, 500, 511, 512, 513, 1000, 1025, 4099};
  return lengths;
}

inline Vector codec_vector(int64_t size, ElementType type, uint64_t which) {
  Vector drawn = flat_vector(size, ElementType::float64);
  RandomStream stream({.seed = 21, .purpose = Purpose::test, .a = static_cast<uint64_t>(size), .b = which});
  for (int64_t i = 0; i < size; ++i) drawn.data<double>()[i] = stream.normal();
  return type == ElementType::float64 ? drawn : as_float32(drawn);
}

inline RandomKey codec_key(uint64_t a, uint64_t b) {
  return {.seed = 5, .purpose = Purpose::quantisation, .a = a, .b = b};
}

inline Vector decoded(const Codec& codec, const Vector& message, int64_t size, ElementType type) {
  Vector sum = flat_vector(size, type);
  codec.decode_add(message, sum);
  return sum;
}

/// The elements, in double.
inline std::vector<double> numbers_of(const Vector& vector) {
  const Vector wide = flat_vector(vector.size(), ElementType::float64);
  add(wide, vector);
  return {wide.data<double>(), wide.data<double>() + wide.size()};
}

inline double squared_norm(const std::vector<double>& numbers) {
  return std::inner_product(numbers.begin(), numbers.end(), numbers.begin(), 0.0);
}
inline double squared_norm(const Vector& vector) { return squared_norm(numbers_of(vector)); }

/// |a - b|^2
inline double squared_distance(const Vector& a, const Vector& b) {
  std::vector<double> difference = numbers_of(a);
  const std::vector<double> other = numbers_of(b);
  for (size_t i = 0; i < difference.size(); ++i) difference[i] -= other[i];
  return squared_norm(difference);
}

/// One codec, one type of vectors.
class CodecCheck {
 public:
  CodecCheck(const CodecCase& codec, ElementType type, std::vector<std::string>& broken)
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
      broken_.push_back(std::string(name_of(type_)) + ", " + std::to_string(size) +
                        " elements: " + otherwise);
  }

  void check_message(int64_t size) {
    const Vector vector = codec_vector(size, type_, 1), before = codec_vector(size, type_, 2);
    const Vector message = codec_->encode(vector, codec_key(1, 1));
    expect(same_bits(vector, codec_vector(size, type_, 1)), size, "encode writes to the vector");
    expect(message.defined() && message.type() == ElementType::byte, size, "a message is no vector of bytes");
    expect(message.size() == codec_->message_bytes(size), size, "a message has not the promised length");
    Vector sum = before.copy();
    codec_->decode_add(message, sum);
    const Vector expected = before.copy();
    add(expected, decoded(*codec_, message, size, type_));
    expect(same_bits(sum, expected), size, "decode_add does not add to what is there");
    const Vector shifted = flat_vector(message.size() + 1, ElementType::byte).part(1, message.size());
    shifted.copy_from(message);
    expect(same_bits(decoded(*codec_, shifted, size, type_), decoded(*codec_, message, size, type_)), size,
           "a message at an odd address decodes to something else");
  }

  void check_wrong_messages(int64_t size) {
    const Vector before = codec_vector(size, type_, 2);
    const int64_t bytes = codec_->message_bytes(size);
    std::vector<Vector> wrong = {flat_vector(bytes + 1, ElementType::byte),
                                 flat_vector(bytes, ElementType::float32), Vector()};
    if (bytes > 0) wrong.push_back(flat_vector(bytes - 1, ElementType::byte));
    for (const Vector& message : wrong) {
      Vector sum = before.copy();
      bool refused = false;
      try {
        codec_->decode_add(message, sum);
      } catch (const Error&) {
        refused = true;
      } catch (const std::exception&) {
        refused = false;
      }
      expect(refused, size, "a message of another form is not an Error");
      expect(same_bits(sum, before), size, "a refused message changes the sum");
    }
  }

  void check_zeros(int64_t size) {
    const Vector zeros = flat_vector(size, type_);
    expect(same_bits(decoded(*codec_, codec_->encode(zeros, codec_key(1, 1)), size, type_), zeros), size,
           "zeros do not come out as zeros");
  }

  void check_not_finite(int64_t size) {
    if (size == 0) return;
    constexpr double infinity = std::numeric_limits<double>::infinity();
    for (const double value : {infinity, -infinity, std::numeric_limits<double>::quiet_NaN()})
      for (const int64_t at : {int64_t{0}, size / 2, size - 1}) {
        const Vector vector = codec_vector(size, type_, 1);
        fill(vector.part(at, 1), value);
        const Vector out = decoded(*codec_, codec_->encode(vector, codec_key(1, 1)), size, type_);
        expect(!all_finite(out), size, std::to_string(value) + " is hidden");
      }
  }

  void check_keys(int64_t size) {
    const Vector vector = codec_vector(size, type_, 1);
    const Vector message = codec_->encode(vector, codec_key(1, 1));
    expect(same_bits(message, codec_->encode(vector, codec_key(1, 1))), size,
           "the same key gives another message");
    if (case_.promise != CodecPromise::unbiased || size < 500) return;
    for (const RandomKey& key : {codec_key(2, 1), codec_key(1, 2), codec_key(uint64_t{1} << 33, 1),
                                 RandomKey{.seed = 6, .purpose = Purpose::quantisation, .a = 1, .b = 1}})
      expect(!same_bits(message, codec_->encode(vector, key)), size, "another key draws the same numbers");
  }

  void check_error(int64_t size) {
    const Vector vector = codec_vector(size, type_, 1);
    const Vector out = decoded(*codec_, codec_->encode(vector, codec_key(1, 1)), size, type_);
    if (case_.promise == CodecPromise::exact)
      expect(same_bits(out, vector), size, "what comes out is not what went in");
    else
      expect(squared_distance(out, vector) <= case_.bound * squared_norm(vector), size,
             "the error is larger than promised");
  }

  /// The mean of R encodings has 1/R of the variance of one, and the right slope (4 standard errors).
  void check_bias() {
    constexpr int64_t size = 1025;
    constexpr int repeats = 512;
    const Vector vector = flat_vector(size, type_);
    add(vector, codec_vector(size, ElementType::float32, 1));
    const Vector sum = flat_vector(size, ElementType::float64);
    double variance = 0;
    for (int repeat = 0; repeat < repeats; ++repeat) {
      const Vector message = codec_->encode(vector, codec_key(1, static_cast<uint64_t>(repeat)));
      const Vector out = decoded(*codec_, message, size, type_);
      variance += squared_distance(out, vector) / repeats;
      add(sum, out);
    }
    const double norm = squared_norm(vector), relative = variance / norm;
    expect(relative <= case_.bound, size,
           "the relative variance is " + std::to_string(relative) + ", above the bound");
    divide(sum, repeats);
    const double ratio = squared_distance(sum, vector) / (variance / repeats);
    expect(std::abs(ratio - 1) < 0.25, size,
           "biased: the mean of the encodings is off by " + std::to_string(ratio) + " times its variance");
    const std::vector<double> mean = numbers_of(sum), original = numbers_of(vector);
    const double slope = std::inner_product(mean.begin(), mean.end(), original.begin(), 0.0) / norm;
    expect(std::abs(slope - 1) < 4 * std::sqrt(relative / (repeats * static_cast<double>(size))) + 1e-6, size,
           "biased: slope " + std::to_string(slope));
  }

  std::unique_ptr<Codec> codec_;
  const CodecCase& case_;
  ElementType type_;
  std::vector<std::string>& broken_;
};

/// The broken promises, one line each; none: the codec keeps to the contract.
inline std::vector<std::string> check_codec(const CodecCase& codec) {
  std::vector<std::string> broken;
  for (const ElementType type : {ElementType::float32, ElementType::float64}) try {
      CodecCheck(codec, type, broken).check_all();
    } catch (const std::exception& failure) {
      broken.push_back(std::string(name_of(type)) + ": throws " + failure.what());
    }
  return broken;
}

}  // namespace muster::contract
