#include "muster/task/models/batch_norm_kernel.h"

#include <algorithm>

#include "muster/base/clones.h"

#pragma GCC diagnostic ignored "-Wpsabi"  // of functions that return vectors; all of them are inlined

namespace muster::kernel {

namespace {

constexpr int64_t lanes = 16;       // channels whose constants stay in a register
constexpr int64_t block_rows = 64;  // rows that stay in the cache from one tile to the next

using Vector = float __attribute__((vector_size(lanes * sizeof(float))));
using Unaligned = float __attribute__((vector_size(lanes * sizeof(float)), aligned(alignof(float))));

// Sixteen channels at a time.
struct Whole {
  using Value = Vector;
  [[gnu::always_inline]] static Value load(const float* at) {
    return *reinterpret_cast<const Unaligned*>(at);
  }
  [[gnu::always_inline]] static void store(float* at, Value value) {
    *reinterpret_cast<Unaligned*>(at) = value;
  }
  [[gnu::always_inline]] static Value above_zero(Value test, Value value) {
    return test > Value{} ? value : Value{};
  }
  [[gnu::always_inline]] static void add_to(double* sum, Value value) {
    for (int64_t j = 0; j < lanes; ++j) sum[j] += static_cast<double>(value[j]);
  }
};

// One channel: those left over where their number is no multiple of sixteen.
struct Single {
  using Value = float;
  [[gnu::always_inline]] static Value load(const float* at) { return *at; }
  [[gnu::always_inline]] static void store(float* at, Value value) { *at = value; }
  [[gnu::always_inline]] static Value above_zero(Value test, Value value) {
    return test > 0.0F ? value : 0.0F;
  }
  [[gnu::always_inline]] static void add_to(double* sum, Value value) { *sum += static_cast<double>(value); }
};

// pass(lane, first channel, first row, last row) for every tile of every block of rows.
template <class Pass>
[[gnu::always_inline]] inline void over_tiles(int64_t rows, int64_t channels, Pass pass) {
  for (int64_t first = 0; first < rows; first += block_rows) {
    const int64_t last = std::min(rows, first + block_rows);
    int64_t c = 0;
    for (; c + lanes <= channels; c += lanes) pass(Whole{}, c, first, last);
    for (; c < channels; ++c) pass(Single{}, c, first, last);
  }
}

[[gnu::always_inline]] inline void moments(const float* x, int64_t rows, int64_t channels, double* sum,
                                           double* square) {
  std::fill_n(sum, channels, 0.0);
  std::fill_n(square, channels, 0.0);
  over_tiles(
      rows, channels, [&](auto lane, int64_t c, int64_t first, int64_t last) __attribute__((always_inline)) {
        using Lane = decltype(lane);
        typename Lane::Value s{}, q{};
        const auto shift = Lane::load(x + c);  // the first row: near the mean, so the squares stay small
        for (int64_t r = first; r < last; ++r) {
          const auto d = Lane::load(x + r * channels + c) - shift;
          s += d;
          q += d * d;
        }
        Lane::add_to(sum + c, s);
        Lane::add_to(square + c, q);
      });
  for (int64_t c = 0; c < channels; ++c) {
    const double mean = sum[c] / static_cast<double>(rows);
    square[c] = std::max(0.0, square[c] / static_cast<double>(rows) - mean * mean);
    sum[c] = mean + static_cast<double>(x[c]);
  }
}

template <bool with_residual, bool relu>
[[gnu::always_inline]] inline void scale_all(const float* x, const float* residual, const float* scale,
                                             const float* offset, int64_t rows, int64_t channels, float* y) {
  over_tiles(
      rows, channels, [&](auto lane, int64_t c, int64_t first, int64_t last) __attribute__((always_inline)) {
        using Lane = decltype(lane);
        const auto a = Lane::load(scale + c), b = Lane::load(offset + c);
        for (int64_t r = first; r < last; ++r) {
          const int64_t at = r * channels + c;
          auto value = Lane::load(x + at) * a + b;
          if constexpr (with_residual) value += Lane::load(residual + at);
          if constexpr (relu) value = Lane::above_zero(value, value);
          Lane::store(y + at, value);
        }
      });
}

template <bool masked, class Lane>
[[gnu::always_inline]] inline typename Lane::Value gradient_at(const NormGradient& in, int64_t at) {
  const auto dy = Lane::load(in.dy + at);
  if constexpr (!masked) return dy;
  return Lane::above_zero(Lane::load(in.y + at), dy);
}

template <bool masked>
[[gnu::always_inline]] inline void sum_all(const NormGradient in, int64_t rows, int64_t channels, double* sum,
                                           double* product) {
  std::fill_n(sum, channels, 0.0);
  std::fill_n(product, channels, 0.0);
  over_tiles(
      rows, channels, [&](auto lane, int64_t c, int64_t first, int64_t last) __attribute__((always_inline)) {
        using Lane = decltype(lane);
        typename Lane::Value s{}, p{};
        const auto mean = Lane::load(in.mean + c);
        for (int64_t r = first; r < last; ++r) {
          const int64_t at = r * channels + c;
          const auto g = gradient_at<masked, Lane>(in, at);
          s += g;
          p += g * (Lane::load(in.x + at) - mean);
        }
        Lane::add_to(sum + c, s);
        Lane::add_to(product + c, p);
      });
}

struct Coefficients {
  const float *scale, *centre, *slope;
};

template <bool masked, bool with_residual>
[[gnu::always_inline]] inline void write_all(const NormGradient in, const Coefficients of, int64_t rows,
                                             int64_t channels, float* dx, float* dresidual) {
  over_tiles(
      rows, channels, [&](auto lane, int64_t c, int64_t first, int64_t last) __attribute__((always_inline)) {
        using Lane = decltype(lane);
        const auto a = Lane::load(of.scale + c), m = Lane::load(of.centre + c), k = Lane::load(of.slope + c);
        const auto mean = Lane::load(in.mean + c);
        for (int64_t r = first; r < last; ++r) {
          const int64_t at = r * channels + c;
          const auto g = gradient_at<masked, Lane>(in, at);
          if constexpr (with_residual) Lane::store(dresidual + at, g);
          Lane::store(dx + at, a * (g - m) - k * (Lane::load(in.x + at) - mean));
        }
      });
}

}  // namespace

MUSTER_CLONES void channel_moments(const float* x, int64_t rows, int64_t channels, double* mean,
                                   double* variance) {
  moments(x, rows, channels, mean, variance);
}

MUSTER_CLONES void scale_channels(const float* x, const float* residual, const float* scales,
                                  const float* offset, int64_t rows, int64_t channels, bool relu, float* y) {
  if (residual != nullptr && relu)
    return scale_all<true, true>(x, residual, scales, offset, rows, channels, y);
  if (residual != nullptr) return scale_all<true, false>(x, residual, scales, offset, rows, channels, y);
  if (relu) return scale_all<false, true>(x, residual, scales, offset, rows, channels, y);
  scale_all<false, false>(x, residual, scales, offset, rows, channels, y);
}

MUSTER_CLONES void gradient_sums(const NormGradient& in, int64_t rows, int64_t channels, double* sum,
                                 double* product) {
  if (in.y != nullptr) return sum_all<true>(in, rows, channels, sum, product);
  sum_all<false>(in, rows, channels, sum, product);
}

MUSTER_CLONES void gradient_of_norm(const NormGradient& in, const float* scale, const float* centre,
                                    const float* slope, int64_t rows, int64_t channels, float* dx,
                                    float* dresidual) {
  const Coefficients of{scale, centre, slope};
  if (in.y != nullptr && dresidual != nullptr)
    return write_all<true, true>(in, of, rows, channels, dx, dresidual);
  if (in.y != nullptr) return write_all<true, false>(in, of, rows, channels, dx, dresidual);
  if (dresidual != nullptr) return write_all<false, true>(in, of, rows, channels, dx, dresidual);
  write_all<false, false>(in, of, rows, channels, dx, dresidual);
}

}  // namespace muster::kernel
