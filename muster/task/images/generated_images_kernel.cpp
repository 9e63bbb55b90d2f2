#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "muster/base/error.h"
#include "muster/base/random.h"
#include "muster/task/images/generated_images.h"

namespace muster::inline task {

namespace {

constexpr int64_t side = 32;
constexpr uint64_t prototypes_per_class = 2;
constexpr size_t harmonics = 4;  // k = 2 ... 5
constexpr int disc_count = 3;
constexpr double colour_spread = 0.45;  // 0: the colours alone would tell the prototype

using Colour = std::array<double, 3>;

enum Part : uint64_t { prototype_part, train_part, test_part };

struct Direction {
  double cosine, sine;
};

struct Prototype {
  std::array<Colour, 2> colours;               // of the two stripes
  std::array<double, harmonics> cosine, sine;  // a_k, b_k
  Direction stripes;                           // across the stripes
  double stripe_width;                         // in pixels, of an object of scale 1
};

struct Disc {
  double x, y, radius;
  Colour colour;
};

// How one image shows its prototype.
struct Scene {
  double x, y, scale, phase;
  Direction turn;
  bool mirrored;
  std::array<Colour, 2> stripes;
  Colour corner, slope_x, slope_y;  // background: corner + slope_x * x + slope_y * y
  std::array<Disc, disc_count> discs;
};

double between(RandomStream& stream, double low, double high) {
  return low + (high - low) * stream.uniform();
}

// The direction of half-angle tangent t, |t| <= limit: limit 1 covers the right half of the circle.
Direction direction(RandomStream& stream, double limit) {
  const double t = between(stream, -limit, limit);
  return {(1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)};
}

Colour random_colour(RandomStream& stream) {
  return {between(stream, 20, 235), between(stream, 20, 235), between(stream, 20, 235)};
}

void mix(Colour& colour, const Colour& over, double share) {
  for (size_t c = 0; c < 3; ++c) colour[c] += share * (over[c] - colour[c]);
}

Prototype random_prototype(const GeneratedImagesOptions& options, uint64_t index) {
  RandomStream stream({options.seed, Purpose::generated_data, prototype_part, index});
  Prototype prototype{};
  double squares = 0;
  for (size_t k = 0; k < harmonics; ++k) {
    prototype.cosine[k] = between(stream, -1, 1);
    prototype.sine[k] = between(stream, -1, 1);
    squares += prototype.cosine[k] * prototype.cosine[k] + prototype.sine[k] * prototype.sine[k];
  }
  const double strength = 0.42 / std::sqrt(squares);
  for (size_t k = 0; k < harmonics; ++k) {
    prototype.cosine[k] *= strength;
    prototype.sine[k] *= strength;
  }
  prototype.stripes = direction(stream, 1);
  prototype.stripe_width = between(stream, 1.6, 4.5);
  prototype.colours = {random_colour(stream), random_colour(stream)};
  return prototype;
}

// Colours of the object lie between its prototype's and random ones.
Scene random_scene(const Prototype& prototype, RandomStream& stream) {
  Scene scene{};
  scene.x = between(stream, 12.5, 18.5);
  scene.y = between(stream, 12.5, 18.5);
  scene.scale = between(stream, 0.75, 1.2);
  scene.phase = between(stream, 0, 1);
  scene.turn = direction(stream, 0.18);  // about 20 degrees either way
  scene.mirrored = stream.below(2) == 1;
  scene.stripes = prototype.colours;
  for (Colour& colour : scene.stripes) mix(colour, random_colour(stream), colour_spread);
  scene.corner = random_colour(stream);
  const Colour right = random_colour(stream), below = random_colour(stream);
  for (size_t c = 0; c < 3; ++c) {
    scene.slope_x[c] = (right[c] - scene.corner[c]) / (2 * side);
    scene.slope_y[c] = (below[c] - scene.corner[c]) / (2 * side);
  }
  for (Disc& disc : scene.discs)
    disc = {between(stream, 0, side), between(stream, 0, side), between(stream, 1.5, 4),
            random_colour(stream)};
  return scene;
}

// cos(k angle) and sin(k angle) follow from those of k - 1 by the addition theorem.
double outline(const Prototype& prototype, double cosine, double sine) {
  double radius = 1, c = cosine, s = sine;
  for (size_t k = 0; k < harmonics; ++k) {
    const double next = c * cosine - s * sine;
    s = s * cosine + c * sine;
    c = next;
    radius += prototype.cosine[k] * c + prototype.sine[k] * s;
  }
  return radius;
}

double clamp01(double value) { return std::min(std::max(value, 0.0), 1.0); }

// Edges and stripes are softened over one pixel.
void paint_object(const Prototype& prototype, const Scene& scene, double x, double y, Colour& colour) {
  constexpr double mean_radius = 8.5;
  const double dx = (x - scene.x) / scene.scale * (scene.mirrored ? -1 : 1);
  const double dy = (y - scene.y) / scene.scale;
  const double p = dx * scene.turn.cosine + dy * scene.turn.sine;
  const double q = dy * scene.turn.cosine - dx * scene.turn.sine;
  const double distance = std::sqrt(p * p + q * q) + 1e-9;
  if (distance > 2 * mean_radius) return;
  const double edge = mean_radius * outline(prototype, p / distance, q / distance);
  const double covered = clamp01((edge - distance) * scene.scale + 0.5);
  if (covered == 0) return;
  const double across = (p * prototype.stripes.cosine + q * prototype.stripes.sine) / prototype.stripe_width;
  const double place =
      across / 2 + scene.phase - std::floor(across / 2 + scene.phase);  // [0, 1): two stripes
  const double triangle = place < 0.5 ? place - 0.25 : 0.75 - place;    // -0.25 ... 0.25
  Colour stripes = scene.stripes[0];
  mix(stripes, scene.stripes[1], clamp01(triangle * 2 * prototype.stripe_width + 0.5));
  mix(colour, stripes, covered);
}

// Sum of four bytes: nearly normal, with variance 4 x (256^2 - 1) / 12.
double byte_noise(RandomStream& stream) {
  constexpr double per_deviation = 1 / 147.8;
  const uint32_t bits = stream.next_u32();
  const uint32_t sum = (bits & 255) + (bits >> 8 & 255) + (bits >> 16 & 255) + (bits >> 24);
  return (static_cast<double>(sum) - 510.0) * per_deviation;
}

void draw(const Prototype& prototype, const Scene& scene, double noise, RandomStream& stream,
          uint8_t* pixels) {
  for (int64_t row = 0; row < side; ++row) {
    for (int64_t column = 0; column < side; ++column) {
      const auto x = static_cast<double>(column), y = static_cast<double>(row);
      Colour colour{};
      for (size_t c = 0; c < 3; ++c)
        colour[c] = scene.corner[c] + scene.slope_x[c] * x + scene.slope_y[c] * y;
      paint_object(prototype, scene, x, y, colour);
      for (const Disc& disc : scene.discs) {
        const double dx = x - disc.x, dy = y - disc.y;
        if (dx * dx + dy * dy < disc.radius * disc.radius) colour = disc.colour;
      }
      for (size_t c = 0; c < 3; ++c) {
        const double level = colour[c] + noise * byte_noise(stream) + 0.5;
        pixels[(static_cast<int64_t>(c) * side + row) * side + column] =
            static_cast<uint8_t>(std::min(std::max(level, 0.0), 255.0));
      }
    }
  }
}

Images draw_set(const GeneratedImagesOptions& options, const std::vector<Prototype>& prototypes, Part part,
                int64_t count, double label_noise) {
  Images images;
  images.classes = options.classes;
  images.labels.resize(static_cast<size_t>(count));
  images.pixels.resize(static_cast<size_t>(count * images.pixels_per_image()));
  const auto classes = static_cast<uint64_t>(options.classes);
  for (int64_t i = 0; i < count; ++i) {
    RandomStream stream({options.seed, Purpose::generated_data, part, static_cast<uint64_t>(i)});
    const uint64_t label = stream.below(classes);
    const Prototype& prototype =
        prototypes[label * prototypes_per_class + stream.below(prototypes_per_class)];
    const bool wrong = stream.uniform() < label_noise;
    const uint64_t other = stream.below(classes);
    images.labels[static_cast<size_t>(i)] = static_cast<int64_t>(wrong ? other : label);
    const Scene scene = random_scene(prototype, stream);
    draw(prototype, scene, options.noise, stream, images.pixels.data() + i * images.pixels_per_image());
  }
  return images;
}

}  // namespace

void GeneratedImagesOptions::validate() const {
  if (classes < 2 || classes > 1000)
    throw OptionError("task.classes", std::to_string(classes), "must be 2 to 1000");
  for (const auto& [field, count] : {std::pair{"task.samples", train}, {"task.test_samples", test}})
    if (count < 1 || count > 10'000'000)
      throw OptionError(field, std::to_string(count), "must be 1 to 10,000,000");
  if (!(noise >= 0 && noise <= 255))
    throw OptionError("task.noise", fmt::format("{}", noise), "must be 0 to 255 levels");
  if (!(label_noise >= 0 && label_noise <= 1))
    throw OptionError("task.label_noise", fmt::format("{}", label_noise), "must be 0 to 1");
}

ImageSets generate_images(const GeneratedImagesOptions& options) {
  options.validate();
  std::vector<Prototype> prototypes;
  for (uint64_t i = 0; i < static_cast<uint64_t>(options.classes) * prototypes_per_class; ++i)
    prototypes.push_back(random_prototype(options, i));
  return {draw_set(options, prototypes, train_part, options.train, options.label_noise),
          draw_set(options, prototypes, test_part, options.test, 0)};
}

}  // namespace muster::inline task
