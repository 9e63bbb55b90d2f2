#pragma once

#include <span>

#include "muster/base/random.h"
#include "muster/base/thread_pool.h"

namespace muster::inline base {

/// values[i] <- scale * z_i, where call i of RandomStream(key).normal() returns z_i; rounded to the nearest
/// float at the end. The pool's threads share the work; their number changes no bit.
void fill_normal(const RandomKey& key, double scale, std::span<float> values, ThreadPool& pool);
void fill_normal(const RandomKey& key, double scale, std::span<double> values, ThreadPool& pool);

/// values[i] <- bound * (2 u_i - 1), where call i of RandomStream(key).uniform() returns u_i: uniform in
/// [-bound, bound).
void fill_uniform(const RandomKey& key, double bound, std::span<float> values, ThreadPool& pool);
void fill_uniform(const RandomKey& key, double bound, std::span<double> values, ThreadPool& pool);

}  // namespace muster::inline base
