#pragma once

#include <string_view>

namespace muster::inline task {

/// How a camera was held, by the tag Orientation (0x0112) in the first directory of EXIF data (a TIFF header
/// and what follows it; "Exif\0\0" before it is skipped): 1 upright, 2 to 8 mirrored or rotated. 1 where the
/// data hold no such tag or make no sense.
int exif_orientation(std::string_view exif);

}  // namespace muster::inline task
