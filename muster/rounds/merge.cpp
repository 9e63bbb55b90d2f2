#include "muster/rounds/merge.h"

#include <algorithm>
#include <functional>

#include "muster/flat/vector.h"
#include "muster/rounds/merge_kernel.h"

namespace muster::inline rounds {

namespace {

constexpr int64_t slice = 64 << 10;

/// Runs visit(worker, begin, size) over all slices of all workers' vectors.
void for_each_slice(const std::vector<Vector>& own, const Vector& anchor, ThreadPool& pool,
                    const std::function<void(size_t, int64_t, int64_t)>& visit) {
  const int64_t size = anchor.size(), slices = (size + slice - 1) / slice;
  for (const Vector& vector : own) require_flat(vector, size, anchor.type(), "a worker's vector");
  pool.run(slices * static_cast<int64_t>(own.size()), [&](int64_t job) {
    const int64_t begin = job % slices * slice;
    visit(static_cast<size_t>(job / slices), begin, std::min(slice, size - begin));
  });
}

template <class T>
T* at_element(const Vector& vector, int64_t begin) {
  return vector.data<T>() + begin;
}

template <class T>
void corrected(const std::vector<Vector>& own, const std::vector<Vector>& snapshots, const Vector& anchor,
               ThreadPool& pool) {
  for_each_slice(own, anchor, pool, [&](size_t k, int64_t begin, int64_t size) {
    kernel::merge_corrected(at_element<T>(own[k], begin), at_element<T>(snapshots[k], begin),
                            at_element<T>(anchor, begin), size);
  });
}

template <class T>
void blend(const std::vector<Vector>& own, const Vector& anchor, double share, ThreadPool& pool) {
  for_each_slice(own, anchor, pool, [&](size_t k, int64_t begin, int64_t size) {
    kernel::merge_blend(at_element<T>(own[k], begin), at_element<T>(anchor, begin), share, size);
  });
}

}  // namespace

void merge_corrected(const std::vector<Vector>& own, const std::vector<Vector>& snapshots,
                     const Vector& anchor, ThreadPool& pool) {
  for (const Vector& snapshot : snapshots) require_flat(snapshot, anchor.size(), anchor.type(), "a snapshot");
  if (anchor.type() == ElementType::float64)
    corrected<double>(own, snapshots, anchor, pool);
  else
    corrected<float>(own, snapshots, anchor, pool);
}

void merge_blend(const std::vector<Vector>& own, const Vector& anchor, double share, ThreadPool& pool) {
  if (anchor.type() == ElementType::float64)
    blend<double>(own, anchor, share, pool);
  else
    blend<float>(own, anchor, share, pool);
}

}  // namespace muster::inline rounds
