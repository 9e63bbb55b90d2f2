#include "muster/task/images/resample.h"

#include <algorithm>
#include <cmath>

#include "muster/base/error.h"
#include "muster/task/images/resample_rows_kernel.h"

namespace muster::inline task {

AxisTaps bilinear_taps(double begin, double length, int64_t outputs, int64_t low, int64_t high) {
  const double scale = length / static_cast<double>(outputs), reach = std::max(scale, 1.0);
  AxisTaps taps;
  taps.most = static_cast<int64_t>(std::ceil(reach)) * 2 + 1;
  taps.weights.assign(static_cast<size_t>(outputs * taps.most), 0.0F);
  std::vector<double> weights;
  for (int64_t i = 0; i < outputs; ++i) {
    const double centre = begin + (static_cast<double>(i) + 0.5) * scale;
    const auto from = std::clamp(static_cast<int64_t>(std::floor(centre - reach + 0.5)), low, high - 1);
    const auto end = std::clamp(static_cast<int64_t>(std::floor(centre + reach + 0.5)), from + 1, high);
    weights.clear();
    double sum = 0;
    for (int64_t at = from; at < end; ++at) {
      weights.push_back(std::max(0.0, 1.0 - std::abs(static_cast<double>(at) + 0.5 - centre) / reach));
      sum += weights.back();
    }
    invariant(static_cast<int64_t>(weights.size()) <= taps.most, "a resize has more taps than its reach");
    taps.first.push_back(static_cast<int32_t>(from));
    taps.count.push_back(static_cast<int32_t>(weights.size()));
    for (size_t k = 0; k < weights.size(); ++k)
      taps.weights[static_cast<size_t>(i * taps.most) + k] =
          static_cast<float>(sum > 0 ? weights[k] / sum : 1.0 / static_cast<double>(weights.size()));
  }
  return taps;
}

namespace {

/// One axis of the box in pixels of the block.
AxisTaps taps_in_block(double begin, double length, double corner, double step, int64_t size, bool inside,
                       int64_t outputs) {
  const double from = (begin - corner) / step, extent = length / step;
  int64_t low = 0, high = size;
  if (inside) {
    low = std::clamp<int64_t>(static_cast<int64_t>(std::floor(from)), 0, size - 1);
    high = std::clamp<int64_t>(static_cast<int64_t>(std::ceil(from + extent)), low + 1, size);
  }
  return bilinear_taps(from, extent, outputs, low, high);
}

}  // namespace

void resample(const PixelBlock& block, const SourceBox& box, bool inside, int64_t width, int64_t height,
              std::span<float> output) {
  invariant(static_cast<int64_t>(output.size()) == width * height * 3, "a resize into another size");
  AxisTaps across = taps_in_block(box.left, box.width, block.left, block.step, block.width, inside, width);
  const AxisTaps down =
      taps_in_block(box.top, box.height, block.top, block.step, block.height, inside, height);
  // Only the columns that some output needs.
  const int64_t first = across.first.front();
  const int64_t columns = across.first.back() + across.count.back() - first;
  for (int32_t& at : across.first) at -= static_cast<int32_t>(first);
  std::vector<float> row(static_cast<size_t>(columns * 3 + 1), 0.0F);
  for (int64_t y = 0; y < height; ++y) {
    const auto line = static_cast<size_t>(y);
    for (int32_t k = 0; k < down.count[line]; ++k)
      weigh_row(block.row(down.first[line] + k) + 3 * first, columns * 3,
                down.weights[line * static_cast<size_t>(down.most) + static_cast<size_t>(k)], k > 0,
                row.data());
    gather_row(row.data(), across.first.data(), across.count.data(), across.weights.data(), across.most,
               width, output.data() + y * width * 3);
  }
}

}  // namespace muster::inline task
