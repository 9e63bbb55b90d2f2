#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "muster/task/images/image_file.h"

namespace muster::inline task {

/// A JPEG file (libjpeg-turbo). Only the rows and columns of the region go through the inverse transform, and
/// at the smallest of the scales 1, 1/2, 1/4 and 1/8 that the wanted step allows. What the library warns of
/// (data that end early, codes that do not exist) counts as damage, but for what leaves every pixel as it
/// was: surplus bytes before a marker, oddities of the header.
std::unique_ptr<EncodedImage> open_jpeg(std::string_view bytes, const std::string& name);

}  // namespace muster::inline task
