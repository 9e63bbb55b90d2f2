#pragma once

#include <algorithm>
#include <numeric>

#include "muster/comm/distance_sketch.h"
#include "muster/flat/vector.h"

namespace muster::inline comm {

/// The numbers that processes exchange at a meeting, and their means. Let x_p be the sketch of process p's
/// mean (its distance to the anchor): mean_p |x_p - mean|^2 = mean_p |x_p|^2 - |mean|^2, which one exchange
/// yields; in double, since both terms are of the size of the distance.
class MeetingNumbers {
 public:
  enum Place : int64_t { value, distance, flag, clock, places };
  explicit MeetingNumbers(bool sketched)
      : sketched_(sketched),
        numbers_(flat_vector(places + (sketched ? sketch_size : 0), ElementType::float64)) {}

  bool sketched() const { return sketched_; }
  Vector& vector() { return numbers_; }
  double& at(Place place) { return numbers_.data<double>()[place]; }
  double* sketch() { return numbers_.data<double>() + places; }
  double squares() { return std::inner_product(sketch(), sketch() + sketch_size, sketch(), 0.0); }
  /// Once vector() holds the means.
  double divergence() { return sketched_ ? std::max(0.0, at(distance) - squares()) : at(distance); }
  int64_t extra_bytes() const { return sketched_ ? sketch_size * static_cast<int64_t>(sizeof(double)) : 0; }

  double within = 0;  ///< mean squared distance of this process's replicas to their own mean

 private:
  bool sketched_;
  Vector numbers_;
};

}  // namespace muster::inline comm
