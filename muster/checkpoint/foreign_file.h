#pragma once

#include <string>
#include <string_view>

namespace muster {

/// What a file is that was given as safetensors and begins with other bytes, and how to turn it into one:
/// PyTorch's pickles and archives, gzip and the like, JSON, an index of several files, numpy, HDF5, GGUF, a
/// pointer of Git LFS, a web page. "" for what is not known. `head`: the first bytes, 512 of them or all.
std::string foreign_format(std::string_view head, const std::string& path);

}  // namespace muster
