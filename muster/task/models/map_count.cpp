#include "muster/task/models/map_count.h"

#include <algorithm>

namespace muster::inline task {

namespace {

// An extent after a window of size kernel; with rounding up, the last window must begin inside.
int64_t extent_after(int64_t extent, int64_t kernel, int64_t stride, int64_t padding, bool up) {
  const int64_t room = extent + 2 * padding - kernel;
  if (room < 0 && !(up && room > -stride)) return 0;
  int64_t out = (room + (up ? stride - 1 : 0)) / stride + 1;
  if (up && (out - 1) * stride >= extent + padding) --out;
  return out;
}

}  // namespace

MapCount::MapCount(int64_t image_channels, int64_t image_height, int64_t image_width)
    : channels(image_channels), height(image_height), width(image_width) {
  keep(1);
}

void MapCount::keep(int64_t copies) {
  possible = possible && height >= 1 && width >= 1;
  kept += copies * floats();
  largest = std::max(largest, floats());
}

void MapCount::convolve(int64_t outputs, int64_t kernel, int64_t stride, int64_t padding, int64_t copies) {
  height = extent_after(height, kernel, stride, padding, false);
  width = extent_after(width, kernel, stride, padding, false);
  channels = outputs;
  keep(copies);
}

void MapCount::max_pool(int64_t kernel, int64_t stride, int64_t padding, Rounding rounding) {
  const bool up = rounding == Rounding::up;
  height = extent_after(height, kernel, stride, padding, up);
  width = extent_after(width, kernel, stride, padding, up);
  keep(3);
}

void MapCount::average_pool(int64_t kernel) {
  height = extent_after(height, kernel, kernel, 0, false);
  width = extent_after(width, kernel, kernel, 0, false);
  keep(1);
}

void MapCount::linear(int64_t outputs, int64_t copies) {
  channels = outputs;
  height = std::min<int64_t>(height, 1);
  width = std::min<int64_t>(width, 1);
  keep(copies);
}

}  // namespace muster::inline task
