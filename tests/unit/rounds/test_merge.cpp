// What a worker does with an anchor that comes while it goes on.
#include <gtest/gtest.h>

#include <vector>

#include "muster/base/error.h"
#include "muster/flat/arithmetic.h"
#include "muster/rounds/merge.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

constexpr ElementType reals[] = {ElementType::float32, ElementType::float64};

/// Three workers' vectors, of a size that fills slices and leaves a rest.
struct Workers {
  Workers(ElementType type, int64_t size) : anchor(test::noise(size, type, 1)) {
    for (uint64_t k = 0; k < 3; ++k) {
      snapshots.push_back(test::noise(size, type, 10 + k));
      own.push_back(test::noise(size, type, 20 + k));
    }
  }
  Vector anchor;
  std::vector<Vector> own{}, snapshots{};
};

std::vector<Vector> copies(const std::vector<Vector>& vectors) {
  std::vector<Vector> made;
  for (const Vector& vector : vectors) made.push_back(vector.copy());
  return made;
}

/// The mean, element by element in double.
std::vector<double> mean_of(const std::vector<Vector>& vectors) {
  std::vector<double> mean(static_cast<size_t>(vectors[0].size()));
  for (const Vector& vector : vectors)
    for (size_t i = 0; i < mean.size(); ++i)
      mean[i] += test::value_at(vector, static_cast<int64_t>(i)) / static_cast<double>(vectors.size());
  return mean;
}

TEST(Merge, CorrectedAddsTheLocalStepsToTheAnchor) {
  for (const ElementType type : reals)
    for (const int64_t size : {0, 1, 5, 3 * (64 << 10) + 7}) {
      const Workers workers(type, size);
      const std::vector<Vector> before = copies(workers.own);
      ThreadPool pool(1);
      merge_corrected(workers.own, workers.snapshots, workers.anchor, pool);
      for (size_t k = 0; k < workers.own.size(); ++k) {
        const Vector expected = before[k].copy();
        subtract(expected, workers.snapshots[k], expected);
        add(expected, workers.anchor);
        EXPECT_TRUE(same_bits(workers.own[k], expected)) << name_of(type) << " of " << size;
      }
    }
}

TEST(Merge, CorrectedKeepsTheMeanOfAllLocalSteps) {
  const Workers workers(ElementType::float64, 100);
  ThreadPool pool(1);
  const auto own = mean_of(workers.own), snapshots = mean_of(workers.snapshots);
  merge_corrected(workers.own, workers.snapshots, workers.anchor, pool);
  const auto merged = mean_of(workers.own);
  for (size_t i = 0; i < merged.size(); ++i)
    EXPECT_NEAR(merged[i], workers.anchor.data<double>()[i] + own[i] - snapshots[i], 1e-14);
}

TEST(Merge, CorrectedIsTheAnchorWhereNoStepWasMade) {
  for (const ElementType type : reals) {
    const Workers workers(type, 100);
    ThreadPool pool(1);
    merge_corrected(workers.own, copies(workers.own), workers.anchor, pool);
    for (const Vector& own : workers.own) EXPECT_TRUE(same_bits(own, workers.anchor));
  }
}

TEST(Merge, BlendDrawsTheWorkersTowardsTheAnchor) {
  for (const ElementType type : reals)
    for (const double share : {0.0, 0.3, 0.5, 1.0})
      for (const int64_t size : {0, 1, 5, 3 * (64 << 10) + 7}) {
        const Workers workers(type, size);
        const std::vector<Vector> before = copies(workers.own);
        ThreadPool pool(1);
        merge_blend(workers.own, workers.anchor, share, pool);
        for (size_t k = 0; k < workers.own.size(); ++k) {
          const Vector expected = before[k].copy(), theirs = workers.anchor.copy();
          multiply(expected, share);
          multiply(theirs, 1 - share);
          add(expected, theirs);
          EXPECT_TRUE(same_bits(workers.own[k], expected)) << name_of(type) << ", share " << share;
        }
      }
}

TEST(Merge, ThreadsChangeNoBit) {
  for (const ElementType type : reals) {
    const Workers one(type, 200'000), many(type, 200'000);
    ThreadPool alone(1), pool(3);
    merge_corrected(one.own, one.snapshots, one.anchor, alone);
    merge_corrected(many.own, many.snapshots, many.anchor, pool);
    merge_blend(one.own, one.anchor, 0.3, alone);
    merge_blend(many.own, many.anchor, 0.3, pool);
    for (size_t k = 0; k < one.own.size(); ++k) EXPECT_TRUE(same_bits(one.own[k], many.own[k]));
  }
}

TEST(Merge, VectorsOfAnotherFormAreABug) {
  const Workers workers(ElementType::float32, 10), shorter(ElementType::float32, 9),
      wide(ElementType::float64, 10);
  ThreadPool pool(1);
  for (const Workers* other : {&shorter, &wide}) {
    EXPECT_THROW(merge_corrected(workers.own, other->snapshots, workers.anchor, pool), Bug);
    EXPECT_THROW(merge_corrected(other->own, workers.snapshots, workers.anchor, pool), Bug);
    EXPECT_THROW(merge_blend(other->own, workers.anchor, 0.5, pool), Bug);
  }
}

}  // namespace
}  // namespace muster
