#pragma once

#include <cstdint>
#include <functional>

namespace muster::inline base {

/// How a vector becomes a message; muster/comm/codec/ says what each does to the numbers.
enum class CodecKind { full, fp16, bf16, qsgd8, qsgd4, qsgd2, int8, top_k };

/// All that the length of a message depends on. No tensors here, so that a planner can count bytes.
struct MessageForm {
  CodecKind kind = CodecKind::full;
  int64_t bucket = 1;         ///< values that share a scale (qsgd, int8), >= 1; 1 for the others
  double top_fraction = 1;    ///< share of the values that travels (top_k), in (0, 1]
  int64_t element_bytes = 4;  ///< bytes per element of the vector; read by the full codec only
  std::function<int64_t(int64_t elements)> own{};  ///< message length of a codec that is not in CodecKind
};

/// Bytes of the message of a vector of n = `elements` elements:
///   full: element_bytes n;   fp16, bf16: 2 n;   qsgd: ceil(bits n / 8) + 4 for each bucket begun;
///   int8: n + 4 for each bucket begun;   top_k: 8 for each value sent
int64_t message_bytes(const MessageForm& form, int64_t elements);

/// Values that top-k sends: max(1, ceil(fraction n)); none of an empty vector.
int64_t top_k_count(int64_t elements, double fraction);

/// First element of part `part` of a vector cut into `parts` of nearly equal length, each a multiple of
/// `multiple` long (the last one with what is left over). Part `parts` begins where the vector ends.
int64_t part_begin(int64_t elements, int64_t parts, int64_t multiple, int64_t part);

/// Bytes that one rank hands in for a compressed mean (muster/comm/compressed_mean.h), cut at multiples of
/// the bucket: the messages of all parts of its vector, and that of the mean of its own part.
int64_t compressed_mean_bytes(const MessageForm& form, int64_t elements, int64_t ranks, int64_t rank);

}  // namespace muster::inline base
