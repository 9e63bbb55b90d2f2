#include "muster/plan/rate_curve.h"

#include <string>

#include "muster/base/error.h"

namespace muster::inline plan {

namespace {

constexpr int64_t most_steps = 200'000'000;

}  // namespace

RateCurve::RateCurve(const LearningRate& learning_rate, int64_t total_steps) {
  if (total_steps < 1 || total_steps > most_steps)
    throw OptionError("run.steps", std::to_string(total_steps), "must be from 1 to 200000000 to be planned");
  rates_.reserve(static_cast<size_t>(total_steps));
  squares_.reserve(static_cast<size_t>(total_steps) + 1);
  squares_.push_back(0);
  for (int64_t step = 0; step < total_steps; ++step) {
    const double rate = learning_rate.at(step);
    rates_.push_back(rate);
    squares_.push_back(squares_.back() + rate * rate);
  }
}

}  // namespace muster::inline plan
