#include "muster/base/random_fill.h"

#include <algorithm>
#include <cstdint>

namespace muster::inline base {

namespace {

// A block of the generator makes two uniforms, or the two normals of a pair: block i / 2 gives value i.
constexpr size_t values_per_block = 2;
constexpr size_t job_size = size_t{1} << 16;

/// values[i] <- draw(stream), in the order of one stream, by all threads of the pool.
template <class Number, class Draw>
void fill(const RandomKey& key, std::span<Number> values, ThreadPool& pool, Draw draw) {
  const auto part = [&](int64_t job) {
    const size_t first = static_cast<size_t>(job) * job_size;
    RandomStream stream(key, static_cast<uint32_t>(first / values_per_block));
    for (Number& value : values.subspan(first, std::min(job_size, values.size() - first)))
      value = static_cast<Number>(draw(stream));
  };
  const size_t jobs = (values.size() + job_size - 1) / job_size;
  if (jobs == 1) return part(0);
  pool.run(static_cast<int64_t>(jobs), part);
}

template <class Number>
void normal(const RandomKey& key, double scale, std::span<Number> values, ThreadPool& pool) {
  fill(key, values, pool, [scale](RandomStream& stream) { return scale * stream.normal(); });
}

template <class Number>
void uniform(const RandomKey& key, double bound, std::span<Number> values, ThreadPool& pool) {
  fill(key, values, pool, [bound](RandomStream& stream) { return bound * (2.0 * stream.uniform() - 1.0); });
}

}  // namespace

void fill_normal(const RandomKey& key, double scale, std::span<float> values, ThreadPool& pool) {
  normal(key, scale, values, pool);
}

void fill_normal(const RandomKey& key, double scale, std::span<double> values, ThreadPool& pool) {
  normal(key, scale, values, pool);
}

void fill_uniform(const RandomKey& key, double bound, std::span<float> values, ThreadPool& pool) {
  uniform(key, bound, values, pool);
}

void fill_uniform(const RandomKey& key, double bound, std::span<double> values, ThreadPool& pool) {
  uniform(key, bound, values, pool);
}

}  // namespace muster::inline base
