#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "muster/task/images/image_file.h"

namespace muster::inline task {

/// A WebP file (libwebp), lossy or lossless, decoded as a whole at full scale. Of an animation: its first
/// frame, on black.
std::unique_ptr<EncodedImage> open_webp(std::string_view bytes, const std::string& name);

}  // namespace muster::inline task
