#pragma once

namespace muster {

/// What a model is given: images or vectors of some class, or the tokens of a text.
enum class Inputs { images, vectors, text };

}  // namespace muster
