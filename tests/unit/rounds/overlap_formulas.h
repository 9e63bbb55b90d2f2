#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

#include "muster/flat/layout.h"
#include "muster/rounds/overlap_options.h"

namespace muster {

/// loss = 1/2 sum_i c_i (x_i - b_i)^2 with c_i = 0.1 + i / size and b the mean of the samples' targets,
/// b_i(sample) = (7 sample + 3 i) mod 11: linear dynamics, in double. Three tensors of 4, 3 and 5 elements.
struct Quadratic {
  static constexpr int64_t size = 12;

  static double curvature(int64_t i) { return 0.1 + static_cast<double>(i) / size; }
  static double target(int64_t sample, int64_t i) { return static_cast<double>((7 * sample + 3 * i) % 11); }
  static double target(const std::vector<int64_t>& samples, int64_t i) {
    double mean = 0;
    for (const int64_t sample : samples) mean += target(sample, i) / static_cast<double>(samples.size());
    return mean;
  }
  static Layout layout() {
    Layout layout;
    layout.add("a", {4});
    layout.add("b", {3});
    layout.add("c", {5});
    return layout;
  }
};

/// A run on the quadratic from zeros, by plain SGD: what its formulas need to know.
struct QuadraticRun {
  OverlapOptions overlap{};
  int64_t workers = 4, steps = 24, period = 6;
  bool nesterov = false;  ///< of the outer step, at its usual rate; otherwise the plain mean
  std::function<std::vector<int64_t>(int64_t step, int64_t worker)> samples;
  std::function<double(int64_t step)> learning_rate;
};

/// What the formulas of overlapping meetings say, worker by worker and element by element: where it ends. The
/// tensors are the fragments where there are three.
inline std::vector<double> by_formulas(const QuadraticRun& run) {
  constexpr int64_t size = Quadratic::size;
  const OverlapOptions& overlap = run.overlap;
  const std::vector<int64_t> begins =
      overlap.fragments == 3 ? std::vector<int64_t>{0, 4, 7, size} : std::vector<int64_t>{0, size};
  const auto workers = static_cast<size_t>(run.workers);
  std::vector<std::vector<double>> x(workers, std::vector<double>(size)), snapshot = x;
  std::vector<double> anchor(size), momentum(size);
  std::vector<int64_t> begun(begins.size() - 1, -1);
  const auto land = [&](size_t p, bool all_wait) {
    for (int64_t i = begins[p]; i < begins[p + 1]; ++i) {
      const auto at = static_cast<size_t>(i);
      double mean = 0;
      for (auto& s : snapshot) mean += s[at] / static_cast<double>(workers);
      const double gradient = anchor[at] - mean;
      momentum[at] = 0.9 * momentum[at] + gradient;
      anchor[at] = run.nesterov ? anchor[at] - 0.7 * (gradient + 0.9 * momentum[at]) : mean;
      for (size_t k = 0; k < workers; ++k) {
        double& own = x[k][at];
        if (all_wait || !overlap.delayed)
          own = anchor[at];
        else if (overlap.merge == Merge::corrected)
          own += anchor[at] - snapshot[k][at];
        else
          own = overlap.blend * own + (1 - overlap.blend) * anchor[at];
      }
    }
    begun[p] = -1;
  };
  for (int64_t step = 0; step < run.steps; ++step) {
    for (size_t k = 0; k < workers; ++k) {
      const auto samples = run.samples(step, static_cast<int64_t>(k));
      for (int64_t i = 0; i < size; ++i) {
        double& own = x[k][static_cast<size_t>(i)];
        own -= run.learning_rate(step) * Quadratic::curvature(i) * (own - Quadratic::target(samples, i));
      }
    }
    const int64_t done = step + 1;
    const auto count = static_cast<int64_t>(begun.size());
    const int64_t first = step / run.period * run.period;
    const int64_t steps = std::min(run.period, run.steps - first);
    const bool last = first + steps == run.steps;
    for (int64_t fragment = 0; fragment < count; ++fragment) {
      const auto p = static_cast<size_t>(fragment);
      const double turn = static_cast<double>((fragment + 1) * steps) / static_cast<double>(count);
      const bool meets = done - first == (last ? steps : static_cast<int64_t>(std::ceil(turn)));
      if (begun[p] >= 0 && (meets || (overlap.delay && done >= begun[p] + *overlap.delay))) land(p, false);
      if (!meets) continue;
      for (size_t k = 0; k < workers; ++k)
        std::copy(x[k].begin() + begins[p], x[k].begin() + begins[p + 1], snapshot[k].begin() + begins[p]);
      begun[p] = done;
      if (last || !overlap.delayed)
        land(p, true);
      else if (overlap.delay == 0)
        land(p, false);
    }
  }
  return x[0];
}

}  // namespace muster
