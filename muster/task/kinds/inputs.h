#pragma once

namespace muster::inline task {

/// The kind of a model's inputs: images or vectors of some class, or the tokens of a text.
enum class Inputs { images, vectors, text };

}  // namespace muster::inline task
