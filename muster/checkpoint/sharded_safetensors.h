#pragma once

#include <string>

#include "muster/checkpoint/safetensors.h"

namespace muster::inline checkpoint {

/// Whether a path names the index of a model in several files: it ends in .safetensors.index.json.
bool is_safetensors_index(const std::string& path);

/// Reads a model in several files by its index, as Transformers writes it (model.safetensors.index.json): the
/// map `weight_map` from names of tensors to files beside it. Metadata are those of the first file; the
/// digest is the index's own. Throws FileError, and DataError naming the index or a file: no such map, a
/// file elsewhere than beside the index, a tensor that is missing, left over, or in two files.
Safetensors read_sharded_safetensors(const std::string& index_path);

}  // namespace muster::inline checkpoint
