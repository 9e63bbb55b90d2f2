#include "muster/base/message_size.h"

#include <algorithm>
#include <cmath>

#include "muster/base/error.h"

namespace muster::inline base {

namespace {

int64_t with_scales(int64_t elements, int64_t bits, int64_t bucket) {
  return (elements * bits + 7) / 8 + 4 * ((elements + bucket - 1) / bucket);
}

}  // namespace

int64_t message_bytes(const MessageForm& form, int64_t elements) {
  if (form.own) return form.own(elements);
  switch (form.kind) {
    case CodecKind::full:
      return elements * form.element_bytes;
    case CodecKind::fp16:
    case CodecKind::bf16:
      return elements * 2;
    case CodecKind::qsgd8:
    case CodecKind::int8:
      return with_scales(elements, 8, form.bucket);
    case CodecKind::qsgd4:
      return with_scales(elements, 4, form.bucket);
    case CodecKind::qsgd2:
      return with_scales(elements, 2, form.bucket);
    case CodecKind::top_k:
      return 8 * top_k_count(elements, form.top_fraction);
  }
  throw Bug("a codec without a message length");
}

// A fraction such as 0.07 is not exact: 7 of 100 values must not become 8.
int64_t top_k_count(int64_t elements, double fraction) {
  if (elements == 0) return 0;
  const auto wanted = static_cast<int64_t>(std::ceil(fraction * static_cast<double>(elements) * (1 - 1e-12)));
  return std::clamp<int64_t>(wanted, 1, elements);
}

int64_t part_begin(int64_t elements, int64_t parts, int64_t multiple, int64_t part) {
  const int64_t blocks = (elements + multiple - 1) / multiple;
  // Not blocks * part / parts, which could overflow.
  const int64_t whole = blocks / parts * part, rest = blocks % parts * part / parts;
  return std::min(elements, (whole + rest) * multiple);
}

int64_t compressed_mean_bytes(const MessageForm& form, int64_t elements, int64_t ranks, int64_t rank) {
  int64_t bytes = 0;
  for (int64_t part = 0; part < ranks; ++part) {
    const int64_t size =
        part_begin(elements, ranks, form.bucket, part + 1) - part_begin(elements, ranks, form.bucket, part);
    bytes += message_bytes(form, size) * (part == rank ? 2 : 1);
  }
  return bytes;
}

}  // namespace muster::inline base
