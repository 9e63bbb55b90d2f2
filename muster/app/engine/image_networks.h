#pragma once

#include <string>

#include "muster/app/options.h"
#include "muster/task/image_model.h"

namespace muster {

/// The network that a word of task.model names. REQUIRES: a word that the table of keys has let through, and
/// not a gpt.
ImageNetwork image_network(const std::string& word);

/// The network with what [task] and [image] say of it; the size of the images and their classes come with
/// the data.
ImageModelOptions image_model_options(const TaskSection& task, const ImageSection& image);

}  // namespace muster
