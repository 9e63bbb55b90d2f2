#pragma once

#include <string>
#include <string_view>

namespace muster::inline checkpoint {

/// For a file that was given as safetensors but begins otherwise: says what it is and how to convert it.
/// Knows PyTorch's pickles and archives, gzip and the like, JSON, an index of several files, numpy, HDF5,
/// GGUF, a pointer of Git LFS, a web page; "" for anything else. `head`: the first bytes, 512 of them or all.
std::string foreign_format(std::string_view head, const std::string& path);

}  // namespace muster::inline checkpoint
