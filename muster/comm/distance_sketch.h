#pragma once

#include <cstdint>

#include "muster/base/thread_pool.h"
#include "muster/flat/vector.h"

namespace muster::inline comm {

/// Numbers of a sketch.
constexpr int64_t sketch_size = 4096;

/// A short linear image of a long vector, of the same squared length in expectation (count sketch: Charikar,
/// Chen, Farach-Colton, 2002): each coordinate is added, with a random sign, to one of sketch_size numbers
/// chosen at random.
///     E |sketch(v)|^2 = |v|^2,   standard deviation at most sqrt(2 / sketch_size) |v|^2 = 2.2 %
/// A vector that is no longer than the sketch is its own, exactly. Draws follow from (seed, number): the same
/// on every rank. sketch <- sketch(vector - from), or of the vector where `from` is undefined; sums in
/// double, in an order that no number of threads changes. REQUIRES: flat vectors of one form; `sketch` has
/// sketch_size places.
void sketch_distance(const Vector& vector, const Vector& from, uint64_t seed, uint64_t number, double* sketch,
                     ThreadPool& pool);

}  // namespace muster::inline comm
