#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "muster/task/images/image_file.h"

namespace muster::inline task {

/// The first page of a TIFF file (libtiff), decoded as a whole at full scale: any compression that libtiff
/// knows; gray, palettes, RGB, CMYK, YCbCr of 1 to 16 bits (not 32).
std::unique_ptr<EncodedImage> open_tiff(std::string_view bytes, const std::string& name);

}  // namespace muster::inline task
