#include "muster/task/images/random_resized_crop.h"

#include <algorithm>
#include <cmath>

#include "muster/base/error.h"

namespace muster::inline task {

namespace {

constexpr int tries = 10;

// Ties to even, as Python's round.
int64_t rounded(double value) { return static_cast<int64_t>(std::nearbyint(value)); }

int64_t place(int64_t room, RandomStream& stream) {
  return static_cast<int64_t>(stream.below(static_cast<uint64_t>(room + 1)));
}

Region centred(int64_t width, int64_t height, const RandomResizedCropOptions& options) {
  const double ratio = static_cast<double>(width) / static_cast<double>(height);
  Region region{0, 0, width, height};
  if (ratio < options.smallest_ratio)
    region.height = rounded(static_cast<double>(width) / options.smallest_ratio);
  else if (ratio > options.largest_ratio)
    region.width = rounded(static_cast<double>(height) * options.largest_ratio);
  region.width = std::clamp<int64_t>(region.width, 1, width);
  region.height = std::clamp<int64_t>(region.height, 1, height);
  region.left = (width - region.width) / 2;
  region.top = (height - region.height) / 2;
  return region;
}

}  // namespace

Region random_resized_crop(int64_t width, int64_t height, const RandomResizedCropOptions& options,
                           RandomStream& stream) {
  invariant(width >= 1 && height >= 1, "a crop of an image without pixels");
  const double area = static_cast<double>(width) * static_cast<double>(height);
  const double low = std::log(options.smallest_ratio), high = std::log(options.largest_ratio);
  for (int i = 0; i < tries; ++i) {
    const double share =
        options.smallest_share + (options.largest_share - options.smallest_share) * stream.uniform();
    const double ratio = std::exp(low + (high - low) * stream.uniform());
    Region region;
    region.width = rounded(std::sqrt(area * share * ratio));
    region.height = rounded(std::sqrt(area * share / ratio));
    if (region.width < 1 || region.width > width || region.height < 1 || region.height > height) continue;
    region.top = place(height - region.height, stream);
    region.left = place(width - region.width, stream);
    return region;
  }
  return centred(width, height, options);
}

}  // namespace muster::inline task
