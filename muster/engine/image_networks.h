#pragma once

#include "muster/app/keys/options.h"
#include "muster/task/models/image_model.h"

namespace muster::inline app {
class Catalogue;
}  // namespace muster::inline app

namespace muster::inline engine {

/// The network's options from [task] and [image]; the size of the images and their classes come from the
/// data. REQUIRES: task.model is no gpt.
ImageModelOptions image_model_options(const Catalogue& catalogue, const TaskSection& task,
                                      const ImageSection& image);

}  // namespace muster::inline engine
