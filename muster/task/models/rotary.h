#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace muster::inline task {

/// Rotary positions (Su, Lu, Pan, Wen, Liu, "RoFormer", 2021): components 2i and 2i + 1 of a query or key at
/// place p are turned by the angle p x 10000^(-2i / head_width), so that their product depends on the
/// distance of the places alone.

/// Cosine and sine of every angle, side by side: places x head_width. REQUIRES: an even head_width.
at::Tensor rotary_table(int64_t places, int64_t head_width, at::ScalarType type);

enum class Turn { forth, back };

/// Turns queries and keys of qkv in place. qkv: contiguous, batch x places x (3 heads head_width), queries
/// first, then keys, then values (left as they are); float or double, of the table's type. `back` undoes
/// `forth`, and is its gradient.
void rotate(at::Tensor& qkv, int64_t heads, const at::Tensor& table, Turn turn);

}  // namespace muster::inline task
