#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "muster/task/images/image_file.h"

namespace muster::inline task {

/// A PNG file (libpng), decoded as a whole at full scale.
std::unique_ptr<EncodedImage> open_png(std::string_view bytes, const std::string& name);

}  // namespace muster::inline task
