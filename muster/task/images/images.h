#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace muster::inline task {

/// Labelled images as bytes: per image the channels one after the other (red, green, blue), each row by row.
struct Images {
  int64_t classes = 0;
  int64_t channels = 3;
  int64_t height = 32;
  int64_t width = 32;
  std::vector<uint8_t> pixels;
  std::vector<int64_t> labels;  ///< in [0, classes)
  std::string source;           ///< the files that they were read from, for people; empty: made by a formula

  int64_t size() const { return static_cast<int64_t>(labels.size()); }
  int64_t pixels_per_image() const { return channels * height * width; }
  const uint8_t* image(int64_t index) const { return pixels.data() + index * pixels_per_image(); }
};

/// Training and test images.
struct ImageSets {
  Images train;
  Images test;
};

}  // namespace muster::inline task
