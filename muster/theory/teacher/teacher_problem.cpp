#include "muster/theory/teacher/teacher_problem.h"

#include <fmt/format.h>

#include <cmath>

#include "muster/base/error.h"
#include "muster/base/random.h"
#include "muster/theory/noise_lanes.h"
#include "muster/theory/teacher/teacher_kernel.h"

namespace muster::inline theory {

namespace {

using kernel::lanes;

constexpr double teacher_variance = 0.4;

/// values <- standard normals number first ... first + size - 1 of a stream. REQUIRES: first a multiple of
/// 128.
void fill_normal(uint64_t key, int64_t first, std::vector<double>& values) {
  float block[2][lanes];
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t place = i % (2 * lanes);
    if (place == 0) {
      const auto counter = (static_cast<uint64_t>(first) + i) / (2 * lanes);
      kernel::fill_normals(key, counter, block[0], block[1]);
    }
    values[i] = static_cast<double>(block[place / lanes][place % lanes]);
  }
}

void check(bool holds, std::string_view flag, const std::string& value, std::string_view remedy) {
  if (!holds) throw OptionError(std::string(flag), value, std::string(remedy));
}

}  // namespace

void TeacherOptions::validate() const {
  check(workers >= 1 && workers <= 4096, "--workers", std::to_string(workers), "must be from 1 to 4096");
  check(batch >= 1 && batch <= 4096, "--batch", std::to_string(batch), "must be from 1 to 4096");
  check(steps >= 1 && steps <= 100'000'000, "--steps", std::to_string(steps), "must be from 1 to 100000000");
  check(noise >= 0 && noise <= 1e3, "--noise", fmt::format("{}", noise), "must be from 0 to 1000");
  check(test_points >= 1 && test_points <= 1'000'000, "--test-points", std::to_string(test_points),
        "must be from 1 to 1000000");
}

TeacherProblem::TeacherProblem(const TeacherOptions& options, uint64_t seed) : options_(options) {
  using namespace kernel;
  RandomStream keys({seed, Purpose::generated_data, 1, 0});
  data_key_ = keys.next_u64();
  method_key_ = keys.next_u64();
  const uint64_t test_key = keys.next_u64();
  RandomStream draws({seed, Purpose::initialisation, 1, 0});
  for (int64_t i = 0; i < teacher_inputs * teacher_units; ++i)
    teacher_.push_back(std::sqrt(teacher_variance) * draws.normal());
  for (int64_t i = 0; i < teacher_units; ++i) teacher_.push_back(draws.normal());
  start_.assign(student_size, 0);
  const auto at = [&](int64_t place) -> double& { return start_[static_cast<size_t>(place)]; };
  for (int64_t i = 0; i < teacher_inputs * student_units; ++i)
    at(i) = draws.normal() / std::sqrt(static_cast<double>(teacher_inputs));
  for (int64_t h = 0; h < student_units; ++h)
    at((teacher_inputs + 1) * student_units + h) =
        draws.normal() / std::sqrt(static_cast<double>(student_units));
  test_inputs_.resize(static_cast<size_t>(options.test_points * teacher_inputs));
  test_outputs_.resize(static_cast<size_t>(options.test_points));
  fill_normal(test_key, 0, test_inputs_);
  teacher_outputs(teacher_.data(), test_inputs_.data(), options.test_points, test_outputs_.data());
}

void TeacherProblem::fill(int64_t first_step, int64_t count, TeacherSamples& samples) const {
  // The numbers of a step begin at a multiple of 128, so that any step can be drawn independently.
  const int64_t per_step = options_.workers * options_.batch;
  const int64_t drawn = per_step * (kernel::teacher_inputs + 1);
  const int64_t stride = (drawn + 2 * lanes - 1) / (2 * lanes) * (2 * lanes);
  samples.inputs.resize(static_cast<size_t>(count * per_step * kernel::teacher_inputs));
  samples.labels.resize(static_cast<size_t>(count * per_step));
  std::vector<double> normals(static_cast<size_t>(drawn));
  for (int64_t step = 0; step < count; ++step) {
    fill_normal(data_key_, (first_step + step) * stride, normals);
    double* inputs = samples.inputs.data() + step * per_step * kernel::teacher_inputs;
    double* labels = samples.labels.data() + step * per_step;
    std::copy(normals.begin(), normals.end() - per_step, inputs);
    kernel::teacher_outputs(teacher_.data(), inputs, per_step, labels);
    for (int64_t i = 0; i < per_step; ++i)
      labels[i] += options_.noise * normals[static_cast<size_t>(drawn - per_step + i)];
  }
}

double TeacherProblem::excess_loss(const double* student) const {
  std::vector<double> outputs(test_outputs_.size());
  kernel::student_outputs(student, test_inputs_.data(), options_.test_points, outputs.data());
  double sum = 0;
  for (size_t i = 0; i < outputs.size(); ++i)
    sum += (outputs[i] - test_outputs_[i]) * (outputs[i] - test_outputs_[i]);
  return sum / (2 * static_cast<double>(outputs.size()));
}

}  // namespace muster::inline theory
