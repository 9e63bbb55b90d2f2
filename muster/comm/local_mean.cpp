#include "muster/comm/local_mean.h"

#include <algorithm>
#include <cstring>
#include <functional>

#include "muster/base/error.h"
#include "muster/base/streaming_copy.h"
#include "muster/comm/local_mean_kernel.h"
#include "muster/flat/vector.h"

namespace muster::inline comm {

namespace {

constexpr int64_t slice_bytes = 16 << 10;
constexpr int64_t slices_per_job = 16;
/// Copies of more bytes bypass the caches, which could not hold them anyway.
constexpr int64_t cached_bytes = 8 << 20;

/// Runs visit(slice, begin, size) over all slices of a vector, several slices to a job.
template <class T>
void for_each_slice(int64_t size, ThreadPool& pool,
                    const std::function<void(int64_t, int64_t, int64_t)>& visit) {
  constexpr int64_t slice_size = slice_bytes / static_cast<int64_t>(sizeof(T));
  const int64_t slices = (size + slice_size - 1) / slice_size;
  pool.run((slices + slices_per_job - 1) / slices_per_job, [&](int64_t job) {
    const int64_t last = std::min(slices, (job + 1) * slices_per_job);
    for (int64_t slice = job * slices_per_job; slice < last; ++slice)
      visit(slice, slice * slice_size, std::min(slice_size, size - slice * slice_size));
  });
}

/// The distances of every (slice, replica), and their sum: over a replica's slices first, then over the
/// replicas, so that one replica in each of K processes gives the same bits.
class Distances {
 public:
  template <class T>
  static Distances of(int64_t size, size_t replicas) {
    constexpr int64_t slice_size = slice_bytes / static_cast<int64_t>(sizeof(T));
    return Distances(static_cast<size_t>((size + slice_size - 1) / slice_size), replicas);
  }
  double& at(int64_t slice, size_t replica) {
    return parts_[static_cast<size_t>(slice) * replicas_ + replica];
  }
  double mean() const {
    double total = 0;
    for (size_t replica = 0; replica < replicas_; ++replica) {
      double distance = 0;
      for (size_t at = replica; at < parts_.size(); at += replicas_) distance += parts_[at];
      total += distance;
    }
    return total / static_cast<double>(replicas_);
  }

 private:
  Distances(size_t slices, size_t replicas) : replicas_(replicas), parts_(slices * replicas) {}
  size_t replicas_;
  std::vector<double> parts_;
};

template <class T>
std::vector<T*> pointers(const std::vector<Vector>& vectors) {
  std::vector<T*> all;
  for (const Vector& vector : vectors) all.push_back(vector.data<T>());
  return all;
}

template <class T>
std::optional<double> local_mean_as(const std::vector<Vector>& replicas, const Vector& mean, MeanWants wants,
                                    ThreadPool& pool) {
  const int64_t size = replicas.front().size();
  const size_t count = replicas.size();
  const std::vector<T*> vectors = pointers<T>(replicas);
  Distances distances = Distances::of<T>(wants.divergence ? size : 0, count);
  for_each_slice<T>(size, pool, [&](int64_t slice, int64_t begin, int64_t length) {
    std::vector<double> lanes(wants.divergence ? kernel::distance_lanes * count : 0);
    const kernel::MeanSlice<T> work{vectors.data(), static_cast<int64_t>(count),
                                    mean.defined() ? mean.data<T>() : nullptr, wants.write_back,
                                    wants.divergence ? lanes.data() : nullptr};
    kernel::mean_slice(work, begin, length, wants.divergence ? &distances.at(slice, 0) : nullptr);
  });
  return wants.divergence ? std::optional(distances.mean()) : std::nullopt;
}

/// One replica is its own mean: nothing to write back.
std::optional<double> mean_of_one(const Vector& replica, const Vector& mean, MeanWants wants,
                                  ThreadPool& pool) {
  if (mean.defined()) copy_to_all(replica, {mean}, pool);
  return wants.divergence ? std::optional(0.0) : std::nullopt;
}

template <class T>
double mean_squared_distance_as(const std::vector<Vector>& replicas, const Vector& centre, ThreadPool& pool) {
  const std::vector<T*> vectors = pointers<T>(replicas);
  const T* const from = centre.data<T>();
  Distances distances = Distances::of<T>(centre.size(), replicas.size());
  for_each_slice<T>(centre.size(), pool, [&](int64_t slice, int64_t begin, int64_t length) {
    for (size_t k = 0; k < vectors.size(); ++k)
      distances.at(slice, k) =
          kernel::squared_distance(static_cast<const T*>(vectors[k] + begin), from + begin, length);
  });
  return distances.mean();
}

template <class T>
void copy_to_all_as(const Vector& from, const std::vector<Vector>& to, ThreadPool& pool) {
  const std::vector<T*> vectors = pointers<T>(to);
  const T* const source = from.data<T>();
  constexpr auto width = static_cast<int64_t>(sizeof(T));
  const bool large = from.size() * width * static_cast<int64_t>(to.size()) > cached_bytes;
  for_each_slice<T>(from.size(), pool, [&](int64_t, int64_t begin, int64_t length) {
    const auto bytes = static_cast<size_t>(length * width);
    for (T* const vector : vectors) {
      if (vector == source) continue;
      if (large)
        streaming_copy(vector + begin, source + begin, bytes);
      else
        std::memcpy(vector + begin, source + begin, bytes);
    }
  });
}

void require_alike(const std::vector<Vector>& vectors, const Vector& like) {
  for (const Vector& vector : vectors) require_flat(vector, like.size(), like.type(), "a replica");
}

}  // namespace

std::optional<double> local_mean(const std::vector<Vector>& replicas, const Vector& mean, MeanWants wants,
                                 ThreadPool& pool) {
  invariant(!replicas.empty(), "local_mean needs a replica");
  const Vector& first = replicas.front();
  require_alike(replicas, first);
  if (mean.defined()) {
    require_flat(mean, first.size(), first.type(), "the mean");
    for (const Vector& replica : replicas)
      invariant(replica.host() != mean.host() || first.size() == 0, "the mean must not be a replica");
  }
  if (replicas.size() == 1) return mean_of_one(first, mean, wants, pool);
  return first.type() == ElementType::float64 ? local_mean_as<double>(replicas, mean, wants, pool)
                                              : local_mean_as<float>(replicas, mean, wants, pool);
}

double mean_squared_distance(const std::vector<Vector>& replicas, const Vector& centre, ThreadPool& pool) {
  invariant(!replicas.empty(), "mean_squared_distance needs a replica");
  require_alike(replicas, centre);
  return centre.type() == ElementType::float64 ? mean_squared_distance_as<double>(replicas, centre, pool)
                                               : mean_squared_distance_as<float>(replicas, centre, pool);
}

void copy_to_all(const Vector& from, const std::vector<Vector>& to, ThreadPool& pool) {
  require_flat(from, from.size(), from.type(), "the vector to copy");
  require_alike(to, from);
  if (from.type() == ElementType::float64)
    copy_to_all_as<double>(from, to, pool);
  else
    copy_to_all_as<float>(from, to, pool);
}

}  // namespace muster::inline comm
