#include "muster/theory/slow_sde/diagonal_net.h"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/base/random.h"
#include "muster/theory/noise_lanes.h"
#include "muster/theory/slow_sde/diagonal_net_kernel.h"

namespace muster::inline theory {

namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using kernel::lanes;

VectorXd eigen_vector(const std::vector<double>& values) {
  return Eigen::Map<const VectorXd>(values.data(), static_cast<Eigen::Index>(values.size()));
}

std::vector<double> values_of(const VectorXd& vector) {
  return {vector.data(), vector.data() + vector.size()};
}

/// X and y, and the quantities that follow from Q: the point on the manifold of minimisers and J J^T there.
class Manifold {
 public:
  explicit Manifold(const DiagonalNetOptions& options)
      : x(Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
            options.rows.data(), options.samples, options.features)),
        y_(eigen_vector(options.labels)),
        nu_(VectorXd::Zero(options.samples)) {
    c = x.array().square().colwise().mean().transpose();
    squares = x.array().square();
  }

  /// Newton's method on the convex sum_j Q_j cosh(2 (X^T nu)_j) - y nu, from the last point.
  void move_to(const VectorXd& q) {
    for (int i = 0; i < 200; ++i) {
      const VectorXd s = 2 * (x.transpose() * nu_);
      const VectorXd cosh = s.array().cosh(),
                     residual = 2 * (x * (q.array() * s.array().sinh()).matrix()) - y_;
      const MatrixXd slope = 4 * (x * (q.array() * cosh.array()).matrix().asDiagonal() * x.transpose());
      width = 2 * q.array() * cosh.array();
      gram = 4 * (x * width.asDiagonal() * x.transpose());
      if (residual.norm() < 1e-11 * (1 + y_.norm())) return;
      VectorXd step = slope.ldlt().solve(residual);
      const double longest = (x.transpose() * step).cwiseAbs().maxCoeff();
      if (longest > 1) step /= longest;  // cosh grows by e^2 at most
      if (!step.allFinite()) break;
      nu_ -= step;
    }
    throw DataError("the labels of the diagonal network cannot be met: rows of X depend on each other");
  }

  VectorXd half_logarithm() const { return x.transpose() * nu_; }

  MatrixXd x, squares;
  VectorXd c;      ///< mean of x_ij^2
  VectorXd width;  ///< u_j^2 + v_j^2
  MatrixXd gram;   ///< G = J J^T

 private:
  VectorXd y_, nu_;
};

/// The numbers of a line, separated by commas or blanks.
std::vector<double> numbers_of(std::string_view line, const std::string& path, int64_t number) {
  constexpr std::string_view between = " \t\r,";
  std::vector<double> numbers;
  for (size_t at = line.find_first_not_of(between); at < line.size();) {
    const size_t end = std::min(line.find_first_of(between, at), line.size());
    const std::string_view word = line.substr(at, end - at);
    double value = 0;
    const auto [stop, problem] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (problem != std::errc{} || stop != word.data() + word.size() || !std::isfinite(value))
      throw DataError(fmt::format("{}, line {}, column {}: must be a number", path, number, at + 1));
    numbers.push_back(value);
    at = std::min(line.find_first_not_of(between, end), line.size());
  }
  return numbers;
}

/// dQ/dt of the continuous form; `x` is eta H, 0 for meetings after every step.
VectorXd continuous_slope(const DiagonalNetOptions& options, Manifold& manifold, double workers, double x,
                          const VectorXd& q) {
  const double noise2 = options.noise * options.noise;
  if (x == 0) return -4 * noise2 / workers * (manifold.c.array() * q.array());
  manifold.move_to(q);
  const auto n = static_cast<double>(options.samples);
  const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(manifold.gram);
  // e^(-2xA) - 1 = J^T G^-1 (e^(-2xG/n) - 1) J on the space where it is not 0.
  const VectorXd weights =
      eigen.eigenvalues().unaryExpr([&](double value) { return std::expm1(-2 * x * value / n) / value; });
  const MatrixXd part = manifold.x.transpose() * eigen.eigenvectors();
  const VectorXd mixed = (part.array().square().matrix() * weights).array() * q.array() * -4;
  return noise2 / workers *
         (-4 * workers * manifold.c.array() * q.array() + (workers - 1) * mixed.array() / (2 * x));
}

/// Fourth-order Runge-Kutta over `time`, in steps that move ln Q by about 0.02 at most.
void integrate(const DiagonalNetOptions& options, Manifold& manifold, double workers, double x, double time,
               VectorXd& q) {
  const auto slope = [&](const VectorXd& at) { return continuous_slope(options, manifold, workers, x, at); };
  const double moves = (slope(q).array() / q.array()).abs().maxCoeff() * time;
  const int steps = static_cast<int>(std::clamp(std::ceil(moves / 0.02), 1.0, 1e6));
  const double h = time / steps;
  for (int i = 0; i < steps; ++i) {
    const VectorXd a = slope(q), b = slope(q + h / 2 * a), c = slope(q + h / 2 * b), d = slope(q + h * c);
    q += h / 6 * (a + 2 * b + 2 * c + d);
  }
}

/// The finite-step form, round by round.
class Recursion {
 public:
  Recursion(const DiagonalNetOptions& options, const SlowSdePlan& plan)
      : plan_(plan),
        noise2_(options.noise * options.noise),
        manifold(options),
        q(eigen_vector(options.start)) {
    manifold.move_to(q);
    own_ = cross_ = MatrixXd::Zero(options.samples, options.samples);
  }

  void round(const PlannedRound& round) {
    manifold.move_to(q);
    const auto n = static_cast<double>(own_.rows());
    const MatrixXd& g = manifold.gram;
    for (int64_t j = 0; j < round.period; ++j) {
      const double rate = plan_.learning_rate.at(round.start + j);
      product_.noalias() = g * own_;
      const VectorXd residual = noise2_ + (product_.array() * g.array()).rowwise().sum();
      q.array() *= 1 - 4 * rate * rate / n * (manifold.squares.transpose() * residual).array();
      own_ -= rate / n * (product_ + product_.transpose());
      own_.diagonal() += rate * rate / n * residual;
      decay_.noalias() = cross_ - rate / n * (g * cross_);
      cross_.noalias() = decay_ - rate / n * (decay_ * g);
    }
    meet();
  }

 private:
  void meet() {
    const double others = 1 - 1 / static_cast<double>(plan_.workers);
    const MatrixXd spread = own_ - cross_;
    const VectorXd widened = (manifold.x.array() * (spread * manifold.x).array()).colwise().sum().transpose();
    q.array() *= 1 + 4 * others * widened.array();
    own_ = own_ * (1 - others) + cross_ * others;
    cross_ = own_;
  }

  const SlowSdePlan& plan_;
  double noise2_;
  MatrixXd own_, cross_, product_, decay_;

 public:
  Manifold manifold;
  VectorXd q;
};

class DiagonalNetBlock : public ReplicaBlock {
 public:
  DiagonalNetBlock(const DiagonalNetOptions& options, const DiagonalNetPoint& point, int64_t workers,
                   uint64_t key)
      : options_(options), key_(key), workers_(workers) {
    for (int64_t k = 0; k < workers; ++k)
      for (size_t j = 0; j < point.u.size(); ++j) {
        u_.insert(u_.end(), lanes, point.u[j]);
        v_.insert(v_.end(), lanes, point.v[j]);
      }
    scratch_.resize(point.u.size() * lanes);
    for (size_t j = 0; j < point.u.size(); ++j) {
      double sum = 0;
      for (size_t i = j; i < options.rows.size(); i += point.u.size())
        sum += options.rows[i] * options.rows[i];
      weights_.push_back(4 * sum / static_cast<double>(options.samples));
    }
  }

  void local_steps(int64_t first_step, const double* rates, int64_t count) override {
    kernel::diagonal_net_steps(
        state(),
        {options_.rows.data(), options_.labels.data(), options_.samples, options_.features, options_.noise},
        first_step, rates, count, key_);
  }
  void meet() override { kernel::diagonal_net_meeting(state(), options_.features); }
  void measure(double* values) const override {
    const size_t features = weights_.size();
    for (size_t i = 0; i < lanes; ++i) {
      double trace = 0;
      for (size_t j = 0; j < features; ++j) {
        const double u = u_[j * lanes + i], v = v_[j * lanes + i];
        values[j * lanes + i] = std::log(u * v / options_.start[j]);
        trace += weights_[j] * (u * u + v * v);
      }
      values[features * lanes + i] = trace;
    }
  }

 private:
  kernel::DiagonalNetState state() { return {u_.data(), v_.data(), scratch_.data(), workers_}; }

  const DiagonalNetOptions& options_;
  uint64_t key_;
  int64_t workers_;
  std::vector<double> u_, v_, scratch_, weights_;
};

std::vector<double> logarithms(const VectorXd& q, const std::vector<double>& start) {
  return values_of((q.array() / eigen_vector(start).array()).log());
}

std::vector<std::vector<double>> sgd_law(const DiagonalNetOptions& options, const SlowSdePlan& plan,
                                         const std::vector<double>& times, const std::vector<int64_t>& at) {
  const Manifold manifold(options);
  std::vector<std::vector<double>> law;
  size_t round = 0;
  for (const int64_t step : at) {
    while (step > 0 && plan.rounds[round].start + plan.rounds[round].period < step) ++round;
    const double time = step > 0 ? times[round] : 0;
    law.push_back(values_of(-4 * options.noise * options.noise * time / static_cast<double>(plan.workers) *
                            manifold.c));
  }
  return law;
}

std::vector<std::vector<double>> continuous_law(const DiagonalNetOptions& options, const SlowSdePlan& plan,
                                                const std::vector<double>& times,
                                                const std::vector<int64_t>& at) {
  Manifold manifold(options);
  VectorXd q = eigen_vector(options.start);
  std::vector<std::vector<double>> law;
  const bool constant = plan.constant();
  const auto workers = static_cast<double>(plan.workers);
  if (!at.empty() && at.front() == 0) law.push_back(logarithms(q, options.start));
  double from = 0;
  for (size_t i = 0; i < plan.rounds.size(); ++i) {
    const PlannedRound& round = plan.rounds[i];
    const bool wanted = law.size() < at.size() && at[law.size()] == round.start + round.period;
    if (constant && !wanted) continue;  // one integration up to the next requested step
    double x = constant && plan.period() > 1 ? plan.rate() * static_cast<double>(plan.period()) : 0;
    for (int64_t j = 0; !constant && round.period > 1 && j < round.period; ++j)
      x += plan.learning_rate.at(round.start + j);
    integrate(options, manifold, workers, x, times[i] - from, q);
    from = times[i];
    if (wanted) law.push_back(logarithms(q, options.start));
  }
  return law;
}

}  // namespace

void DiagonalNetOptions::validate(double largest_rate) const {
  if (samples < 1 || samples > features)
    throw OptionError("--samples", std::to_string(samples),
                      fmt::format("must be from 1 to --features = {}: with more, no loss of 0", features));
  if (!(noise >= 0) || !std::isfinite(noise))
    throw OptionError("--noise", format_number(noise), "must be at least 0: the labels get +- noise");
  if (start.size() != static_cast<size_t>(features))
    throw OptionError("--start", fmt::format("{} numbers", start.size()),
                      fmt::format("must be one number, or one for each of the {} features", features));
  for (const double q : start)
    if (!(q > 0) || !std::isfinite(q))
      throw OptionError("--start", format_number(q), "must be u_j v_j at the start, above 0");
  Manifold manifold(*this);
  manifold.move_to(eigen_vector(start));
  const double largest = manifold.gram.diagonal().maxCoeff();  // of one sample's loss
  if (largest_rate * largest >= 2)
    throw OptionError(
        "--learning-rate", format_number(largest_rate),
        fmt::format("is unstable where the run starts: the curvature of one sample's loss is {}; must be "
                    "below {}",
                    format_number(largest, 4), format_number(2 / largest, 4)));
}

DiagonalNetOptions random_diagonal_net(int64_t samples, int64_t features, uint64_t seed) {
  DiagonalNetOptions options;
  options.samples = samples;
  options.features = features;
  RandomStream stream({seed, Purpose::slow_sde, 0, 2});
  const double scale = 1 / std::sqrt(static_cast<double>(features));
  for (int64_t i = 0; i < samples * features; ++i) options.rows.push_back(scale * stream.normal());
  std::vector<double> w;
  for (int64_t j = 0; j < features; ++j) w.push_back(j % 2 == 0 ? stream.normal() : 0);
  for (int64_t i = 0; i < samples; ++i) {
    double label = 0;
    for (int64_t j = 0; j < features; ++j)
      label += options.rows[static_cast<size_t>(i * features + j)] * w[static_cast<size_t>(j)];
    options.labels.push_back(label);
  }
  options.start.assign(static_cast<size_t>(features), 0.5);
  return options;
}

DiagonalNetOptions read_diagonal_net(const std::string& text, const std::string& path) {
  DiagonalNetOptions options;
  size_t begin = 0;
  for (int64_t line = 1; begin < text.size(); ++line) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::vector<double> numbers =
        numbers_of(std::string_view(text).substr(begin, end - begin), path, line);
    begin = end + 1;
    if (numbers.empty()) continue;
    const auto features = static_cast<int64_t>(numbers.size()) - 1;
    if (features < 1 || (options.samples > 0 && features != options.features))
      throw DataError(
          fmt::format("{}, line {}: {} numbers; every line needs the features of a sample and its "
                      "label{}",
                      path, line, numbers.size(),
                      options.samples > 0 ? fmt::format(", {} here", options.features + 1) : ""));
    options.features = features;
    ++options.samples;
    options.rows.insert(options.rows.end(), numbers.begin(), numbers.end() - 1);
    options.labels.push_back(numbers.back());
  }
  if (options.samples == 0)
    throw DataError(path + ": no sample; a line holds features and label, as in 1,0.5,2");
  options.start.assign(static_cast<size_t>(options.features), 0.5);
  return options;
}

DiagonalNetPoint diagonal_net_point(const DiagonalNetOptions& options, const std::vector<double>& q) {
  Manifold manifold(options);
  manifold.move_to(eigen_vector(q));
  const VectorXd s = manifold.half_logarithm(), root = eigen_vector(q).array().sqrt();
  DiagonalNetPoint point;
  point.u = values_of(root.array() * s.array().exp());
  point.v = values_of(root.array() * (-s).array().exp());
  const auto n = static_cast<double>(options.samples);
  point.trace = manifold.gram.trace() / n;
  point.curvature = Eigen::SelfAdjointEigenSolver<MatrixXd>(manifold.gram).eigenvalues().maxCoeff() / n;
  return point;
}

DiagonalNetLaws diagonal_net_laws(const DiagonalNetOptions& options, const SlowSdePlan& plan,
                                  const std::vector<int64_t>& at) {
  const std::vector<double> times = plan.slow_times();
  DiagonalNetLaws laws;
  laws.sgd = sgd_law(options, plan, times, at);
  laws.continuous = continuous_law(options, plan, times, at);
  Recursion recursion(options, plan);
  const auto keep = [&] {
    laws.finite_step.push_back(logarithms(recursion.q, options.start));
    recursion.manifold.move_to(recursion.q);
    laws.trace.push_back(recursion.manifold.gram.trace() / static_cast<double>(options.samples));
  };
  if (!at.empty() && at.front() == 0) keep();
  for (const PlannedRound& round : plan.rounds) {
    recursion.round(round);
    const size_t next = laws.trace.size();
    if (next < at.size() && at[next] == round.start + round.period) keep();
  }
  invariant(laws.trace.size() == at.size(), "a law of Q was asked for a step that ends no round");
  return laws;
}

ReplicaOutcome simulate_diagonal_net(const DiagonalNetOptions& options, const SlowSdePlan& plan,
                                     const ReplicaOptions& replicas) {
  const DiagonalNetPoint point = diagonal_net_point(options, options.start);
  return simulate_replicas(plan, replicas, static_cast<int>(options.features) + 1,
                           [&](int64_t, uint64_t key) {
                             return std::make_unique<DiagonalNetBlock>(options, point, plan.workers, key);
                           });
}

}  // namespace muster::inline theory
