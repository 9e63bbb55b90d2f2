#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "muster/choice/family.h"
#include "muster/task/kinds/image_network.h"
#include "muster/task/kinds/inputs.h"

namespace muster::inline task {

struct GptShape;

/// A network as a user chooses it by name. No torch here; muster/engine/makers.h adds what needs it.
struct ModelKind : Kind {
  Inputs inputs = Inputs::images;
  int64_t side = 0;                     ///< pixels of the square images that its paper gives it; 0 for text
  int64_t classes = 0;                  ///< classes of its paper's data; 0 for text
  std::optional<ImageNetwork> network;  ///< of images
  bool takes_vectors = false;           ///< it classifies vectors, too
  bool built_from_keys = false;         ///< its size follows from keys of its own
  std::function<GptShape()> shape;      ///< of text; added by makers.h

  ModelKind(std::string word, std::string source) {
    name = std::move(word);
    paper = std::move(source);
  }
};

/// All of them, in the order of help, documents and `muster models`: task.model.
Family<ModelKind> built_in_models();

}  // namespace muster::inline task
