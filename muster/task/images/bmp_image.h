#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "muster/task/images/image_file.h"

namespace muster::inline task {

/// A bitmap of Windows or OS/2 (.bmp): 1, 4 and 8 bits with a palette, also run-length encoded, and 16, 24
/// and 32 bits with any masks; rows from below or above. Colours outside the palette are black.
std::unique_ptr<EncodedImage> open_bmp(std::string_view bytes, const std::string& name);

}  // namespace muster::inline task
