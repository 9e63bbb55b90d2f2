#include "muster/theory/convex/lazy_iterate.h"

#include <algorithm>

namespace muster::inline theory {

void LazyIterate::fold() {
  if (scale == 1 && counted == 0) return;
  for (kernel::Coordinate& at : coordinates) {
    at.correction += counted * at.direction;
    at.direction *= scale;
  }
  scale = 1;
  counted = 0;
}

void LazyIterate::start_from(const LazyIterate& other) {
  for (size_t i = 0; i < coordinates.size(); ++i) coordinates[i] = {other.coordinates[i].direction, 0};
  scale = 1;
  counted = 0;
}

std::vector<double> LazyIterate::value() const {
  std::vector<double> x(coordinates.size() - 1);
  for (size_t i = 0; i < x.size(); ++i) x[i] = scale * coordinates[i].direction;
  return x;
}

std::vector<double> LazyIterate::weighted_sum() const {
  std::vector<double> sum(coordinates.size() - 1);
  for (size_t i = 0; i < sum.size(); ++i)
    sum[i] = counted * coordinates[i].direction + coordinates[i].correction;
  return sum;
}

void average_into(LazyIterate& target, const std::vector<LazyIterate>& workers) {
  const double scale = workers.front().scale, counted = workers.front().counted;
  const double share = 1 / static_cast<double>(workers.size());
  for (size_t i = 0; i < target.coordinates.size(); ++i) {
    double direction = 0, correction = 0;
    for (const LazyIterate& worker : workers) {
      direction += worker.coordinates[i].direction;
      correction += worker.coordinates[i].correction;
    }
    target.coordinates[i].direction = scale * (share * direction);
    target.coordinates[i].correction += share * (correction + counted * direction);
  }
}

std::vector<std::vector<double>> some_values(const std::vector<LazyIterate>& workers, int64_t most) {
  const auto all = static_cast<int64_t>(workers.size()), some = std::min(all, most);
  std::vector<std::vector<double>> values;
  for (int64_t k = 0; k < some; ++k) values.push_back(workers[static_cast<size_t>(k * all / some)].value());
  return values;
}

double divergence(const LazyIterate& mean, const std::vector<LazyIterate>& workers) {
  double sum = 0;
  for (const LazyIterate& worker : workers)
    for (size_t i = 0; i < mean.coordinates.size(); ++i) {
      const double apart = worker.scale * worker.coordinates[i].direction - mean.coordinates[i].direction;
      sum += apart * apart;
    }
  return sum / static_cast<double>(workers.size());
}

}  // namespace muster::inline theory
