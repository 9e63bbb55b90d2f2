#include "muster/task/images/augmentation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "muster/base/error.h"
#include "muster/base/random.h"
#include "muster/task/images/normalise_kernel.h"

namespace muster::inline task {

namespace {

struct Move {
  int64_t down = 0;  // source row of output row 0; negative: padding above
  int64_t right = 0;
  bool flip = false;
};

Move random_move(const AugmentationOptions& options, RandomStream& stream) {
  Move move;
  if (!options.enabled) return move;
  const auto places = static_cast<uint64_t>(2 * options.padding + 1);
  move.down = static_cast<int64_t>(stream.below(places)) - options.padding;
  move.right = static_cast<int64_t>(stream.below(places)) - options.padding;
  move.flip = options.flip && stream.below(2) == 1;
  return move;
}

// One row: the shifted source where it exists, `black` elsewhere.
void write_row(const uint8_t* source, int64_t width, const Move& move, float scale, float black,
               float* output) {
  const int64_t first = std::clamp<int64_t>(-move.right, 0, width);
  const int64_t end = std::clamp<int64_t>(width - move.right, first, width);
  const uint8_t* shifted = source + move.right;
  std::fill(output, output + first, black);
  for (int64_t x = first; x < end; ++x) output[x] = static_cast<float>(shifted[x]) * scale + black;
  std::fill(output + end, output + width, black);
  if (move.flip) std::reverse(output, output + width);
}

void write_image(const Images& images, int64_t sample, const AugmentationOptions& options, const Move& move,
                 float* output) {
  const uint8_t* source = images.image(sample);
  for (int64_t c = 0; c < images.channels; ++c, source += images.height * images.width) {
    const auto channel = static_cast<size_t>(c);
    const auto scale = static_cast<float>(1.0 / (255.0 * options.deviation[channel]));
    const auto black = static_cast<float>(-options.mean[channel] / options.deviation[channel]);
    for (int64_t y = 0; y < images.height; ++y, output += images.width) {
      const int64_t row = y + move.down;
      if (row < 0 || row >= images.height)
        std::fill(output, output + images.width, black);
      else
        write_row(source + row * images.width, images.width, move, scale, black, output);
    }
  }
}

// The moved image in the form that RandAugment changes: channels side by side.
void move_bytes(const Images& images, int64_t sample, const Move& move, std::span<uint8_t> rgb) {
  const uint8_t* source = images.image(sample);
  std::fill(rgb.begin(), rgb.end(), uint8_t{0});
  for (int64_t y = 0; y < images.height; ++y)
    for (int64_t x = 0; x < images.width; ++x) {
      const int64_t row = y + move.down, column = (move.flip ? images.width - 1 - x : x) + move.right;
      if (row < 0 || row >= images.height || column < 0 || column >= images.width) continue;
      for (int64_t c = 0; c < 3; ++c)
        rgb[static_cast<size_t>((y * images.width + x) * 3 + c)] =
            source[(c * images.height + row) * images.width + column];
    }
}

void check(const Images& images, std::span<const int64_t> samples, std::span<float> output) {
  invariant(images.channels == 3, "augmentation expects images of 3 channels");
  invariant(
      static_cast<int64_t>(output.size()) == static_cast<int64_t>(samples.size()) * images.pixels_per_image(),
      "augmentation's output has another size than its samples");
  for (const int64_t sample : samples)
    invariant(sample >= 0 && sample < images.size(), "a sample index lies outside the data");
}

}  // namespace

void AugmentationOptions::validate() const {
  if (padding < 0 || padding > 32)
    throw OptionError("task.padding", std::to_string(padding), "must be 0 to 32 pixels");
  rand_augment.validate();
  for (const double value : mean)
    if (!std::isfinite(value)) throw OptionError("task.mean", fmt::format("{}", value), "must be finite");
  for (const double value : deviation)
    if (!(value > 0) || !std::isfinite(value))
      throw OptionError("task.deviation", fmt::format("{}", value), "must be greater than 0");
}

void augment(const Images& images, std::span<const int64_t> samples, const AugmentationOptions& options,
             uint64_t seed, int64_t epoch, std::span<float> output) {
  check(images, samples, output);
  const auto pixels = static_cast<size_t>(images.pixels_per_image());
  std::vector<uint8_t> rgb(options.rand_augment.operations > 0 ? pixels : 0);
  for (const int64_t sample : samples) {
    RandomStream stream(
        {seed, Purpose::augmentation, static_cast<uint64_t>(epoch), static_cast<uint64_t>(sample)});
    const Move move = random_move(options, stream);
    if (rgb.empty()) {
      write_image(images, sample, options, move, output.data());
    } else {
      move_bytes(images, sample, move, rgb);
      rand_augment({rgb, images.width, images.height}, options.rand_augment, stream);
      normalise(std::span<const uint8_t>(rgb), images.width, images.height, false,
                {options.mean, options.deviation}, output.first(pixels));
    }
    output = output.subspan(pixels);
  }
}

void scale_only(const Images& images, std::span<const int64_t> samples, const AugmentationOptions& options,
                std::span<float> output) {
  check(images, samples, output);
  float* at = output.data();
  for (const int64_t sample : samples) {
    write_image(images, sample, options, Move{}, at);
    at += images.pixels_per_image();
  }
}

}  // namespace muster::inline task
