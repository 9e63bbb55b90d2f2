#include "muster/theory/convex/loss_kernel.h"

#include <cmath>

#include "muster/theory/exponential.h"

namespace muster::kernel {

namespace {

// Sums log(1 + exp(-m)) as the logarithm of a product of numbers in [1, 2]: one logarithm for 512 samples.
class LogisticSum {
 public:
  void add(double margin) {
    sum_ += margin < 0 ? -margin : 0;
    const double size = std::fabs(margin);
    if (!(size < largest)) {
      if (size != size) sum_ = size;  // not a number
      return;
    }
    product_ *= 1 + exponential(-size);
    if (++factors_ == 512) flush();
  }
  double take() {
    flush();
    const double sum = sum_;
    sum_ = 0;
    return sum;
  }

 private:
  void flush() {
    sum_ += std::log(product_);
    product_ = 1;
    factors_ = 0;
  }
  static constexpr double largest = 690;  // e^-690 is nothing beside 1
  double sum_ = 0, product_ = 1;
  int factors_ = 0;
};

// The rows are sorted by count: the losses of rows of one count are summed, then multiplied by it.
template <class Sum, class Add>
double mean_of(const PackedRows& rows, Sum sum, Add add) {
  double total = 0;
  for (size_t i = 0; i < rows.distinct.size(); ++i) {
    add(sum, rows.distinct[i]);
    const bool last = i + 1 == rows.distinct.size() || rows.counts[i + 1] != rows.counts[i];
    if (last) total += static_cast<double>(rows.counts[i]) * sum.take();
  }
  return total / static_cast<double>(rows.samples());
}

struct PlainSum {
  double sum = 0;
  double take() {
    const double taken = sum;
    sum = 0;
    return taken;
  }
};

}  // namespace

double product(const PackedRows& rows, const PackedRow& row, const double* x) {
  const uint32_t* const columns = rows.columns.data() + size_t{4} * row.first;
  const size_t count = size_t{4} * row.groups;
  double even = 0, odd = 0;
  if (rows.values.empty()) {
    for (size_t i = 0; i < count; i += 4) {
      even += x[columns[i]] + x[columns[i + 2]];
      odd += x[columns[i + 1]] + x[columns[i + 3]];
    }
    return even + odd;
  }
  const double* const values = rows.values.data() + size_t{4} * row.first;
  for (size_t i = 0; i < count; i += 2) {
    even += values[i] * x[columns[i]];
    odd += values[i + 1] * x[columns[i + 1]];
  }
  return even + odd;
}

double mean_loss(Loss loss, const PackedRows& rows, const double* x) {
  if (loss == Loss::logistic)
    return mean_of(rows, LogisticSum{}, [&](LogisticSum& sum, const PackedRow& row) {
      sum.add(row.label * product(rows, row, x));
    });
  return mean_of(rows, PlainSum{}, [&](PlainSum& sum, const PackedRow& row) {
    const double residual = product(rows, row, x) - row.label;
    sum.sum += 0.5 * residual * residual;
  });
}

}  // namespace muster::kernel
