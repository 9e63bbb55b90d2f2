#pragma once

#include "muster/app/keys/options.h"
#include "muster/task/models/image_model.h"

namespace muster {

class Catalogue;

/// The network with what [task] and [image] say of it; the size of the images and their classes come with
/// the data. REQUIRES: task.model is no gpt.
ImageModelOptions image_model_options(const Catalogue& catalogue, const TaskSection& task,
                                      const ImageSection& image);

}  // namespace muster
