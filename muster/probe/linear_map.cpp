#include "muster/probe/linear_map.h"

#include "muster/base/random.h"
#include "muster/libtorch/tensor_vector.h"

namespace muster::inline probe {

namespace {

template <class T>
void fill_signs(T* values, int64_t size, RandomStream stream) {
  uint64_t bits = 0;
  for (int64_t i = 0; i < size; ++i, bits >>= 1) {
    if (i % 64 == 0) bits = stream.next_u64();
    values[i] = bits & 1 ? T(1) : T(-1);
  }
}

}  // namespace

at::Tensor random_signs(int64_t size, at::ScalarType type, uint64_t seed, uint64_t index) {
  at::Tensor vector = flat_tensor(size, type);
  RandomStream stream({seed, Purpose::probe, index, 0});
  if (type == at::kDouble)
    fill_signs(vector.data_ptr<double>(), size, stream);
  else
    fill_signs(vector.data_ptr<float>(), size, stream);
  return vector;
}

}  // namespace muster::inline probe
