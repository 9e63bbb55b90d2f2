#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "muster/task/images/left_alone.h"

namespace muster::inline task {

/// The endings of torchvision's ImageFolder (IMG_EXTENSIONS), in any case.
bool has_image_ending(const std::string& name);
/// The endings, for messages.
inline constexpr const char* image_endings =
    "*.jpg, *.jpeg, *.png, *.ppm, *.bmp, *.pgm, *.tif, *.tiff, *.webp";

/// The folders in `folder`, sorted by name; links are followed, what begins with a dot is left alone, and so
/// are files. Throws FileError, naming what cannot be read.
std::vector<std::string> class_folders(const std::string& folder, LeftAlone& left);

/// The image files below `folder`, as paths from it on, in the order of ImageFolder: sorted by their folder's
/// path, then by name. Links are followed, but for one that leads back to a folder above it. Hidden files and
/// folders, dangling links, pipes and other endings are left alone. Throws FileError, naming what cannot be
/// read.
std::vector<std::string> image_files_below(const std::string& folder, LeftAlone& left);

}  // namespace muster::inline task
