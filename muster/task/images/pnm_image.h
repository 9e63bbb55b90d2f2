#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "muster/task/images/image_file.h"

namespace muster::inline task {

/// "P1" to "P6" begin a portable bitmap, graymap or pixmap.
bool begins_as_pnm(std::string_view bytes);

/// A portable bitmap, graymap or pixmap (Netpbm's P1 to P6: .pbm, .pgm, .ppm), plain or raw, with any largest
/// value up to 65535, which becomes 255. Of several images in a file: the first.
std::unique_ptr<EncodedImage> open_pnm(std::string_view bytes, const std::string& name);

}  // namespace muster::inline task
