#include "muster/theory/convex/local_steps_kernel.h"

#include <algorithm>
#include <cmath>

#include "muster/base/clones.h"
#include "muster/theory/exponential.h"

namespace muster::kernel {

namespace {

typedef double Pair __attribute__((vector_size(16), may_alias));

template <bool unit>
struct Entries {
  const uint32_t* columns;
  const double* values;
  uint32_t groups;

  Entries(const PackedRows& rows, const PackedRow& row)
      : columns(rows.columns.data() + size_t{4} * row.first),
        values(unit ? nullptr : rows.values.data() + size_t{4} * row.first),
        groups(row.groups) {}

  double times(const Coordinate* x) const {
    const auto term = [&](uint32_t i) {
      return unit ? x[columns[i]].direction : values[i] * x[columns[i]].direction;
    };
    double a = term(0), b = term(1), c = term(2), d = term(3);
    for (uint32_t i = 4; i < 4 * groups; i += 4) {
      a += term(i);
      b += term(i + 1);
      c += term(i + 2);
      d += term(i + 3);
    }
    return (a + b) + (c + d);
  }

  void add(Pair change, Coordinate* x) const {
    for (uint32_t i = 0; i < 4 * groups; ++i)
      reinterpret_cast<Pair&>(x[columns[i]]) += unit ? change : values[i] * change;
  }
};

/// The changes that a step makes to v and u along a sample, given the sample's product with v; u changes so
/// that the weighted sum up to now stays the same.
template <Loss loss>
class Change;

template <>
class Change<Loss::least_squares> {
 public:
  Change(const StepChunk& chunk, int64_t step, const PackedRow& row)
      : scale_(chunk.scale[step]),
        label_(row.label),
        along_(Pair{chunk.push[step], -chunk.counted[step] * chunk.push[step]}) {}
  Pair of(double product) const { return along_ * (label_ - scale_ * product); }

 private:
  double scale_, label_;
  Pair along_;
};

// label / (1 + exp(label margin)); everything but the exponential is computed before the product is known.
template <>
class Change<Loss::logistic> {
 public:
  Change(const StepChunk& chunk, int64_t step, const PackedRow& row)
      : units_(chunk.scale[step] * row.label * split_units),
        along_(row.label * Pair{chunk.push[step], -chunk.counted[step] * chunk.push[step]}) {}
  Pair of(double product) const {
    const double z = product * units_;
    if (__builtin_expect(!(std::fabs(z) < split_limit), 0)) return along_ * far(z);
    const SplitPower split = split_power(z);
    const double denominator = (1 + split.power) + split.power * split.rest;
    return along_ / Pair{denominator, denominator};
  }

 private:
  // The limit of 1 / (1 + e^z) for large |z|, 0 or 1; NaN for NaN.
  static double far(double z) { return z > 0 ? 0 : z < 0 ? 1 : z; }

  double units_;
  Pair along_;
};

template <Loss loss, bool unit>
void run(const PackedRows& rows, const StepChunk& chunk, const PackedRow* drawn, Pair* changes,
         Coordinate* x) {
  Coordinate& filling = x[rows.features];
  if (chunk.batch == 1) {
    for (int64_t i = 0; i < chunk.steps; ++i) {
      const Entries<unit> entries(rows, drawn[i]);
      entries.add(Change<loss>(chunk, i, drawn[i]).of(entries.times(x)), x);
      filling = {};
    }
    return;
  }
  for (int64_t i = 0; i < chunk.steps; ++i, drawn += chunk.batch) {
    for (int64_t j = 0; j < chunk.batch; ++j)
      changes[j] = Change<loss>(chunk, i, drawn[j]).of(Entries<unit>(rows, drawn[j]).times(x));
    for (int64_t j = 0; j < chunk.batch; ++j) Entries<unit>(rows, drawn[j]).add(changes[j], x);
    filling = {};
  }
}

constexpr int64_t block = 64;

MUSTER_CLONES void draw_samples(const Draws& draws, uint64_t counter, int64_t count, uint32_t* samples) {
  for (int64_t i = 0; i < count; ++i) samples[i] = draws(counter + static_cast<uint64_t>(i));
}

void fetch_rows(const PackedRows& rows, const uint32_t* samples, int64_t count, PackedRow* drawn) {
  const PackedRow* const all = rows.rows.data();
  const uint32_t* const columns = rows.columns.data();
  const double* const values = rows.values.empty() ? nullptr : rows.values.data();
  for (int64_t i = 0; i < count; ++i) {
    const PackedRow row = all[samples[i]];
    drawn[i] = row;
    const size_t at = size_t{4} * row.first;
    __builtin_prefetch(columns + at);
    __builtin_prefetch(columns + at + size_t{4} * row.groups - 1);
    if (values != nullptr) __builtin_prefetch(values + at);
  }
}

}  // namespace

void draw_rows(const PackedRows& rows, const Draws& draws, uint64_t first, uint64_t stride, int64_t steps,
               int64_t batch, PackedRow* drawn) {
  uint32_t samples[block];
  const bool together = stride == static_cast<uint64_t>(batch);
  const int64_t runs = together ? 1 : steps, length = together ? steps * batch : batch;
  for (int64_t run = 0; run < runs; ++run)
    for (int64_t done = 0; done < length; done += block) {
      const int64_t count = std::min(block, length - done);
      const uint64_t counter = first + static_cast<uint64_t>(run) * stride + static_cast<uint64_t>(done);
      draw_samples(draws, counter, count, samples);
      fetch_rows(rows, samples, count, drawn);
      drawn += count;
    }
}

void local_steps(Loss loss, const PackedRows& rows, const StepChunk& chunk, const PackedRow* drawn,
                 Coordinate* changes, Coordinate* iterate) {
  const bool unit = rows.values.empty(), logistic = loss == Loss::logistic;
  const auto steps = logistic ? (unit ? run<Loss::logistic, true> : run<Loss::logistic, false>)
                              : (unit ? run<Loss::least_squares, true> : run<Loss::least_squares, false>);
  steps(rows, chunk, drawn, reinterpret_cast<Pair*>(changes), iterate);
}

}  // namespace muster::kernel
