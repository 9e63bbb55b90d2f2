#include "muster/theory/teacher/teacher_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>

#include "muster/base/error.h"
#include "muster/base/message_size.h"
#include "muster/base/thread_pool.h"
#include "muster/theory/teacher/teacher_kernel.h"

namespace muster::inline theory {

namespace {

using kernel::student_size;

constexpr int64_t points = 40;
constexpr int64_t most_steps_at_once = 128;

/// Bytes of a worker's messages at a meeting, on average over the workers (their parts differ in length).
double meeting_bytes(const TeacherMethod& method, int64_t workers) {
  if (method.gradient_bits == 32) return 4 * static_cast<double>(kernel::student_parameters);
  const CodecKind kind = method.gradient_bits == 8   ? CodecKind::qsgd8
                         : method.gradient_bits == 4 ? CodecKind::qsgd4
                                                     : CodecKind::qsgd2;
  const MessageForm form{.kind = kind, .bucket = method.bucket};
  int64_t all = 0;
  for (int64_t rank = 0; rank < workers; ++rank)
    all += compressed_mean_bytes(form, kernel::student_parameters, workers, rank);
  return static_cast<double>(all) / static_cast<double>(workers);
}

/// One training run, advanced by the caller with blocks of samples.
class Run {
 public:
  Run(const TeacherOptions& options, const TeacherMethod& method, const TeacherProblem& problem)
      : options_(options), method_(method), problem_(problem), schedule_(method.make_schedule()) {
    const std::vector<double>& start = problem.start();
    for (int64_t k = 0; k < options.workers; ++k)
      students_.insert(students_.end(), start.begin(), start.end());
    mean_ = start;
    gradient_.resize(start.size());
    sum_.resize(start.size());
    gradient_bytes_ = meeting_bytes(method, options.workers);
  }

  void advance(int64_t first_step, int64_t count, const TeacherSamples& samples) {
    for (int64_t step = first_step; step < first_step + count; ++step) {
      if (left_ == 0) begin_round(step);
      const double rate = method_.learning_rate.at(step);
      const double* inputs = samples.inputs.data() + (step - first_step) * per_step() * inputs_;
      const double* labels = samples.labels.data() + (step - first_step) * per_step();
      if (what_ == Average::gradients)
        step_together(step, rate, inputs, labels);
      else
        step_apart(step, rate, inputs, labels);
      --left_;
    }
  }

  void look() {
    const double loss = problem_.excess_loss(mean_.data());
    if (!std::isfinite(loss))
      throw NonFiniteError("a student of the study diverged: lower --learning-rate or --noise");
    outcome_.curve.push_back(loss);
    outcome_.periods.push_back(period_);
  }

  TeacherOutcome finish() {
    outcome_.excess_loss = outcome_.curve.back();
    for (size_t q = 0; q < 4; ++q) {
      outcome_.spread += outcome_.spread_by_quarter[q] / static_cast<double>(options_.steps);
      if (steps_in_[q] > 0) outcome_.spread_by_quarter[q] /= static_cast<double>(steps_in_[q]);
      if (meetings_in_[q] > 0) outcome_.spread_per_rate[q] /= static_cast<double>(meetings_in_[q]);
    }
    return std::move(outcome_);
  }

 private:
  int64_t per_step() const { return options_.workers * options_.batch; }
  size_t quarter(int64_t step) const { return static_cast<size_t>(4 * step / options_.steps); }

  void begin_round(int64_t step) {
    RoundStart start{
        .step = step, .total_steps = options_.steps, .learning_rate = method_.learning_rate.at(step)};
    if (step > 0) start.last_learning_rate = method_.learning_rate.at(step - 1);
    if (step > 0 && what_ == Average::parameters) start.divergence = spread_;
    const Round round = schedule_->next_round(start);
    invariant(round.steps >= 1 && round.steps <= options_.steps - step, "a round must end inside the run");
    period_ = left_ = round.steps;
    if (step == 0 && !outcome_.periods.empty()) outcome_.periods.front() = period_;
    what_ = round.what;
  }

  /// The mean gradient of all workers, which have the same parameters.
  void step_together(int64_t step, double rate, const double* inputs, const double* labels) {
    ++steps_in_[quarter(step)];
    double* gradient = sum_.data();
    if (method_.gradient_bits == 32) {
      kernel::student_gradient(mean_.data(), inputs, labels, per_step(), gradient);
    } else {
      std::fill(sum_.begin(), sum_.end(), 0);
      for (int64_t k = 0; k < options_.workers; ++k) {
        worker_gradient(mean_.data(), k, inputs, labels);
        quantise(gradient_.data(), step, k);
        kernel::student_step(gradient, gradient_.data(), -1 / static_cast<double>(options_.workers));
      }
      quantise(gradient, step, options_.workers);
    }
    kernel::student_step(mean_.data(), gradient, rate);
    for (int64_t k = 0; k < options_.workers; ++k) assign(k);
    count_meeting();
  }

  void step_apart(int64_t step, double rate, const double* inputs, const double* labels) {
    for (int64_t k = 0; k < options_.workers; ++k) {
      double* student = students_.data() + k * student_size;
      worker_gradient(student, k, inputs, labels);
      kernel::student_step(student, gradient_.data(), rate);
    }
    spread_ = kernel::student_spread(students_.data(), options_.workers, mean_.data());
    const size_t now = quarter(step);
    ++steps_in_[now];
    outcome_.spread_by_quarter[now] += spread_;
    if (left_ > 1) return;
    for (int64_t k = 0; k < options_.workers; ++k) assign(k);
    count_meeting();
    if (rate == 0) return;
    ++meetings_in_[now];
    outcome_.spread_per_rate[now] += spread_ / rate;
  }

  void worker_gradient(const double* student, int64_t k, const double* inputs, const double* labels) {
    kernel::student_gradient(student, inputs + k * options_.batch * inputs_, labels + k * options_.batch,
                             options_.batch, gradient_.data());
  }

  void quantise(double* gradient, int64_t step, int64_t contributor) const {
    const int64_t counter = (step * (options_.workers + 1) + contributor) * student_size;
    kernel::quantise_student(gradient, method_.gradient_bits, method_.bucket, problem_.method_key(),
                             static_cast<uint64_t>(counter));
  }

  void assign(int64_t k) { std::copy(mean_.begin(), mean_.end(), students_.begin() + k * student_size); }

  void count_meeting() {
    ++outcome_.rounds;
    outcome_.bytes_per_worker +=
        what_ == Average::gradients ? gradient_bytes_ : 4 * static_cast<double>(kernel::student_parameters);
  }

  static constexpr int64_t inputs_ = kernel::teacher_inputs;
  const TeacherOptions& options_;
  const TeacherMethod& method_;
  const TeacherProblem& problem_;
  std::unique_ptr<SyncSchedule> schedule_;
  std::vector<double> students_, mean_, gradient_, sum_;
  double spread_ = 0, gradient_bytes_ = 0;
  int64_t left_ = 0, period_ = 0;
  Average what_ = Average::parameters;
  std::array<int64_t, 4> steps_in_{}, meetings_in_{};
  TeacherOutcome outcome_;
};

}  // namespace

std::vector<int64_t> teacher_points(int64_t steps) {
  std::vector<int64_t> result = {0};
  for (int64_t i = 1; i <= points; ++i)
    if (const int64_t at = i * steps / points; at > result.back()) result.push_back(at);
  return result;
}

std::vector<std::vector<TeacherOutcome>> run_teacher(const TeacherOptions& options,
                                                     const std::vector<TeacherMethod>& methods,
                                                     uint64_t first_seed, int64_t seeds, int threads,
                                                     const std::function<void(double)>& progress) {
  options.validate();
  const std::vector<int64_t> looks = teacher_points(options.steps);
  std::vector<std::vector<TeacherOutcome>> outcomes(methods.size());
  for (auto& of_method : outcomes) of_method.resize(static_cast<size_t>(seeds));
  std::mutex mutex;
  double done = 0;
  const auto one_seed = [&](int64_t number) {
    const TeacherProblem problem(options, first_seed + static_cast<uint64_t>(number));
    std::vector<Run> runs;
    for (const TeacherMethod& method : methods) runs.emplace_back(options, method, problem);
    for (Run& run : runs) run.look();
    TeacherSamples samples;
    for (size_t i = 1; i < looks.size(); ++i) {
      for (int64_t step = looks[i - 1]; step < looks[i]; step += most_steps_at_once) {
        const int64_t count = std::min(most_steps_at_once, looks[i] - step);
        problem.fill(step, count, samples);
        for (Run& run : runs) run.advance(step, count, samples);
      }
      for (Run& run : runs) run.look();
      if (!progress) continue;
      const std::lock_guard hold(mutex);
      done += static_cast<double>(looks[i] - looks[i - 1]);
      progress(done / (static_cast<double>(options.steps) * static_cast<double>(seeds)));
    }
    for (size_t m = 0; m < runs.size(); ++m) outcomes[m][static_cast<size_t>(number)] = runs[m].finish();
  };
  ThreadPool pool(static_cast<int>(std::min<int64_t>(threads, seeds)));
  pool.run(seeds, one_seed);
  return outcomes;
}

}  // namespace muster::inline theory
