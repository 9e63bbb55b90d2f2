#pragma once

#include <memory>

#include "muster/app/options.h"
#include "muster/task/task.h"

namespace muster {

/// A task of images: generated, CIFAR's files, or a folder of images by class. Throws OptionError, FileError,
/// DataError.
std::unique_ptr<Task> build_image_task(const Configuration& configuration);

}  // namespace muster
