#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "muster/asynchronous/async_worker.h"
#include "muster/base/random.h"
#include "muster/flat/arithmetic.h"
#include "muster/flat/layout.h"
#include "muster/flat/vector.h"
#include "muster/optim/sgd.h"
#include "muster/schedule/learning_rate.h"

namespace muster {

/// loss(x; sample) = sum_i a_i (x_i - t_i(sample))^2 / 2 in double precision, with a_i from 0.5 to 2 and
/// every sample's own t.
struct Bowl {
  static constexpr int64_t size = 11, samples = 64;

  static double curvature(int64_t i) {
    return 0.5 + 1.5 * static_cast<double>(i) / static_cast<double>(size - 1);
  }
  static std::vector<double> target(int64_t sample) {
    RandomStream stream({.seed = 5, .purpose = Purpose::test, .a = static_cast<uint64_t>(sample), .b = 77});
    std::vector<double> target(size);
    for (double& element : target) element = stream.normal();
    return target;
  }
  /// The samples of a step of a shard.
  static std::vector<int64_t> batch(int64_t step, int64_t shard, int64_t count) {
    RandomStream stream({.seed = 1,
                         .purpose = Purpose::data_order,
                         .a = static_cast<uint64_t>(shard),
                         .b = static_cast<uint64_t>(step)});
    std::vector<int64_t> drawn;
    for (int64_t i = 0; i < count; ++i) drawn.push_back(static_cast<int64_t>(stream.below(samples)));
    return drawn;
  }
};

/// A worker that makes its local steps on the bowl, by SGD with momentum.
class BowlWorker final : public AsyncWorker {
 public:
  BowlWorker(LearningRate rate, int64_t batch) : rate_(std::move(rate)), batch_(batch) {}

  void begin(const Assignment& assignment, const Vector& start) override {
    assignment_ = assignment;
    start_ = start;
    parameters_.copy_from(start);
    done_ = 0;
    losses_ = 0;
  }
  int64_t advance(int64_t at_most) override {
    const int64_t last = std::min(done_ + at_most, assignment_.local_steps);
    for (; done_ < last; ++done_) {
      losses_ += compute_gradient(assignment_.first_step + done_);
      sgd_.step(parameters_, gradient_, rate_.at(assignment_.first_step + done_));
    }
    return assignment_.local_steps - done_;
  }
  Contribution finish() override {
    Contribution made;
    made.worker = assignment_.worker;
    made.sequence = assignment_.sequence;
    made.version = assignment_.version;
    made.shard = assignment_.shard;
    made.local_steps = done_;
    made.tokens = done_ * batch_;
    made.loss = losses_ / static_cast<double>(done_);
    made.learning_rate = rate_.at(assignment_.first_step + done_ - 1);
    made.pseudo_gradient = flat_vector(Bowl::size, ElementType::float64);
    subtract(start_, parameters_, made.pseudo_gradient);
    return made;
  }
  void reset_optimizer() override { sgd_.reset(); }
  State state() const override {
    State state;
    state.tensors["parameters"] = parameters_;
    state.insert("optimizer", sgd_.state());
    return state;
  }
  void restore(const State& state) override {
    state.copy_into("parameters", parameters_);
    sgd_.restore(state.part_of("optimizer"));
  }

 private:
  /// Of the batch's mean loss, which it returns.
  double compute_gradient(int64_t step) {
    const double share = 1 / static_cast<double>(batch_);
    double loss = 0;
    gradient_.fill_zero();
    for (const int64_t sample : Bowl::batch(step, assignment_.shard, batch_)) {
      const std::vector<double> target = Bowl::target(sample);
      for (int64_t i = 0; i < Bowl::size; ++i) {
        const double off = parameters_.data<double>()[i] - target[static_cast<size_t>(i)];
        gradient_.data<double>()[i] += share * Bowl::curvature(i) * off;
        loss += share * Bowl::curvature(i) * off * off / 2;
      }
    }
    return loss;
  }
  static Layout layout() {
    Layout layout;
    layout.add("x", {Bowl::size});
    return layout;
  }

  LearningRate rate_;
  int64_t batch_;
  Sgd sgd_{{.momentum = 0.5}, layout(), ElementType::float64};
  Vector parameters_ = flat_vector(Bowl::size, ElementType::float64);
  Vector gradient_ = flat_vector(Bowl::size, ElementType::float64);
  Vector start_;
  Assignment assignment_{};
  int64_t done_ = 0;
  double losses_ = 0;
};

}  // namespace muster
