#include "muster/comm/distance_sketch.h"

#include <algorithm>
#include <array>
#include <vector>

#include "muster/base/random.h"
#include "muster/flat/vector.h"

namespace muster::inline comm {

namespace {

constexpr int64_t chunk = int64_t{1} << 18;  // coordinates of one job

/// A bijection of 32 bits in which every bit depends on all (Wellons, "lowbias32", 2018).
uint32_t mixed(uint32_t x) {
  x = (x ^ (x >> 16)) * 0x7feb352dU;
  x = (x ^ (x >> 15)) * 0x846ca68bU;
  return x ^ (x >> 16);
}

template <class T>
void add_chunk(const T* vector, const T* from, int64_t size, RandomStream keys, double* sketch) {
  const uint32_t before = keys.next_u32(), after = keys.next_u32();
  for (int64_t i = 0; i < size; ++i) {
    const uint32_t drawn = mixed(mixed(static_cast<uint32_t>(i) + before) ^ after);
    const double value = static_cast<double>(vector[i]) - (from ? static_cast<double>(from[i]) : 0.0);
    sketch[drawn % sketch_size] += drawn >> 31 ? -value : value;
  }
}

template <class T>
void sketch_as(const Vector& vector, const Vector& from, uint64_t seed, uint64_t number, double* sketch,
               ThreadPool& pool) {
  const int64_t size = vector.size();
  const T* const values = vector.data<T>();
  const T* const centre = from.defined() ? from.data<T>() : nullptr;
  std::fill_n(sketch, sketch_size, 0.0);
  if (size <= sketch_size) {
    for (int64_t i = 0; i < size; ++i)
      sketch[i] = static_cast<double>(values[i]) - (centre ? static_cast<double>(centre[i]) : 0.0);
    return;
  }
  std::vector<std::array<double, sketch_size>> parts(static_cast<size_t>((size + chunk - 1) / chunk));
  pool.run(static_cast<int64_t>(parts.size()), [&](int64_t job) {
    const int64_t begin = job * chunk;
    const RandomKey key{seed, Purpose::statistics, static_cast<uint64_t>(job), number};
    add_chunk(values + begin, centre ? centre + begin : nullptr, std::min(chunk, size - begin),
              RandomStream(key), parts[static_cast<size_t>(job)].data());
  });
  for (const auto& part : parts)
    for (size_t i = 0; i < part.size(); ++i) sketch[i] += part[i];
}

}  // namespace

void sketch_distance(const Vector& vector, const Vector& from, uint64_t seed, uint64_t number, double* sketch,
                     ThreadPool& pool) {
  require_flat(vector, vector.size(), vector.type(), "the vector to sketch");
  if (from.defined()) require_flat(from, vector.size(), vector.type(), "where distances begin");
  if (vector.type() == ElementType::float64)
    sketch_as<double>(vector, from, seed, number, sketch, pool);
  else
    sketch_as<float>(vector, from, seed, number, sketch, pool);
}

}  // namespace muster::inline comm
