#include "muster/task/models/rotary.h"

#include <ATen/Functions.h>

#include <cmath>

#include "muster/base/error.h"
#include "muster/task/models/rotary_kernel.h"

namespace muster::inline task {

at::Tensor rotary_table(int64_t places, int64_t head_width, at::ScalarType type) {
  invariant(head_width % 2 == 0, "rotary positions need an even head width");
  at::Tensor table = at::empty({places, head_width}, at::kDouble);
  double* entry = table.data_ptr<double>();
  for (int64_t place = 0; place < places; ++place)
    for (int64_t i = 0; i < head_width; i += 2) {
      const double frequency = std::pow(10000.0, -static_cast<double>(i) / static_cast<double>(head_width));
      const double angle = static_cast<double>(place) * frequency;
      *entry++ = std::cos(angle);
      *entry++ = std::sin(angle);
    }
  return table.to(type);
}

namespace {

template <class T>
void rotate_all(at::Tensor& qkv, int64_t heads, const at::Tensor& table, T sign) {
  const int64_t places = qkv.size(1), row = qkv.size(2), width = table.size(1);
  const T* const angles = table.data_ptr<T>();
  T* at = qkv.data_ptr<T>();
  for (int64_t sample = 0; sample < qkv.size(0); ++sample)
    for (int64_t place = 0; place < places; ++place, at += row)
      kernel::rotate(at, 2 * heads, width, angles + place * width, sign);
}

}  // namespace

void rotate(at::Tensor& qkv, int64_t heads, const at::Tensor& table, Turn turn) {
  invariant(qkv.dim() == 3 && qkv.is_contiguous() && qkv.size(2) == 3 * heads * table.size(1) &&
                qkv.size(1) <= table.size(0) && qkv.scalar_type() == table.scalar_type(),
            "rotary positions of another shape or type");
  const double sign = turn == Turn::forth ? 1 : -1;
  if (qkv.scalar_type() == at::kDouble)
    rotate_all<double>(qkv, heads, table, sign);
  else
    rotate_all<float>(qkv, heads, table, static_cast<float>(sign));
}

}  // namespace muster::inline task
