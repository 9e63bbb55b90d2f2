#pragma once

#include <cstdint>

#include "muster/task/models/nn_model.h"

namespace muster::inline task {

struct VitShape {
  int64_t width = 768;  ///< of a token; a multiple of 4
  int64_t depth = 12;
  int64_t heads = 12;
  int64_t head_width = 64;
  int64_t hidden = 3072;  ///< width of the feed-forward part
  int64_t patch = 16;     ///< side in pixels; divides height and width
  int64_t channels = 3;
  int64_t height = 224;
  int64_t image_width = 224;
  int64_t classes = 1000;
  int64_t tokens() const { return (height / patch) * (image_width / patch); }
};

/// The vision transformer (Dosovitskiy et al., ICLR 2021) in its plain form (Beyer, Zhai, Kolesnikov, "Better
/// plain ViT baselines for ImageNet-1k", 2022), as SimpleViT of vit-pytorch 1.2.8 builds it: patches,
/// LayerNorm, linear, LayerNorm; fixed sines and cosines of the place in both directions; blocks of attention
/// and feed-forward (GELU), each behind a LayerNorm and added to its input, no biases in attention; the mean
/// over the tokens; LayerNorm and one linear layer. Names are vit-pytorch's, initial values torch's. ViT-B at
/// 224 pixels, patches of 16 and 1000 classes: 86,381,800 parameters.
TorchNetwork make_vit(const VitShape& shape);

/// The fixed code of places: tokens x width, row by row: sin and cos of x w, sin and cos of y w, with
/// w = 10000^(-i / (width / 4 - 1)), i = 0 ... width / 4 - 1.
at::Tensor place_code(const VitShape& shape);

/// Floats per image that a training step holds, estimated.
int64_t vit_activations(const VitShape& shape);

}  // namespace muster::inline task
