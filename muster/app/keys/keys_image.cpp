#include "muster/app/keys/keys.h"

namespace muster::inline app {

namespace {

template <class T>
Key image(const char* name, T ImageSection::*member) {
  return make_key(std::string("image.") + name, &Configuration::image, member);
}

}  // namespace

std::vector<Key> image_keys() {
  return {
      image("size", &ImageSection::size)
          .says("Side of the square that the network sees, of a folder's images.")
          .in("pixels")
          .absent("224; the images' own for generated and cifar10")
          .at_least(8)
          .at_most(4096),
      image("activation", &ImageSection::activation)
          .says("VGG: relu, or silu (as in the experiments on label noise).")
          .one_of({"relu", "silu"}),
      image("pooling", &ImageSection::pooling)
          .says("VGG, between its groups of convolutions: the largest of four pixels, or their mean.")
          .one_of({"max", "average"}),
      image("patch", &ImageSection::patch)
          .says("Vision transformers: side of the squares that an image is cut into.")
          .in("pixels")
          .absent("16 for 224 pixels, 4 for 32")
          .at_least(1)
          .at_most(4096),
      image("randaugment", &ImageSection::randaugment)
          .says("RandAugment: random operations on each training image; 0: none.")
          .in("operations")
          .at_least(0)
          .at_most(14),
      image("randaugment_magnitude", &ImageSection::randaugment_magnitude)
          .says("Strength of these operations, 0 (none) to 30.")
          .at_least(0)
          .at_most(30),
      image("mixup", &ImageSection::mixup)
          .says("MixUp: alpha of the Beta(alpha, alpha) that two images and their labels are mixed by; 0: "
                "none.")
          .at_least(0)
          .at_most(100),
      image("broken", &ImageSection::broken)
          .says(
              "A file of a folder that cannot be read or decoded: an error, or left out, counted and named.")
          .one_of({"error", "skip"}),
  };
}

}  // namespace muster::inline app
