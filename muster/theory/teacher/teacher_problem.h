#pragma once

#include <cstdint>
#include <vector>

namespace muster::inline theory {

struct TeacherOptions {
  int64_t workers = 16;        ///< --workers
  int64_t batch = 4;           ///< --batch, samples of each worker and step
  int64_t steps = 4000;        ///< --steps
  double noise = 0.3;          ///< --noise, standard deviation of the label noise
  int64_t test_points = 4000;  ///< --test-points, without label noise
  /// Throws OptionError.
  void validate() const;
};

/// Samples of some steps: of step t (from 0), worker k and place j in its batch
/// the inputs inputs[10 i ...] and label labels[i], i = (t workers + k) batch + j.
struct TeacherSamples {
  std::vector<double> inputs, labels;
};

/// A non-convex problem, small enough for hundreds of complete runs: a student learns a teacher (both tanh
/// networks of one hidden layer, muster/theory/teacher/teacher_kernel.h) from fresh samples
///   x ~ N(0, I),  label = f*(x) + noise N(0, 1),  loss (f(x) - label)^2 / 2
/// Teacher: weights N(0, 0.4), outputs N(0, 1); student at the start: weights N(0, 1/10), outputs N(0, 1/16),
/// biases 0 (second numbers: variances). All numbers follow from the seed alone, so that several methods see
/// the same data and noise in every step.
class TeacherProblem {
 public:
  TeacherProblem(const TeacherOptions& options, uint64_t seed);

  /// The samples of `count` steps from `first_step` on.
  void fill(int64_t first_step, int64_t count, TeacherSamples& samples) const;
  /// The student before training, student_size numbers.
  const std::vector<double>& start() const { return start_; }
  /// Mean of (f - f*)^2 / 2 over the test points: the expected loss minus that of the label noise.
  double excess_loss(const double* student) const;
  /// The key of the random numbers that a method itself draws.
  uint64_t method_key() const { return method_key_; }

 private:
  TeacherOptions options_;
  std::vector<double> teacher_, start_, test_inputs_, test_outputs_;
  uint64_t data_key_ = 0, method_key_ = 0;
};

}  // namespace muster::inline theory
