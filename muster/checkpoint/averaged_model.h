#pragma once

#include "muster/checkpoint/safetensors.h"
#include "muster/flat/layout.h"
#include "muster/flat/vector.h"

namespace muster::inline checkpoint {

/// A model's tensors by name, as views of its flat vectors: what goes into a safetensors file.
NamedTensors named_tensors(const Layout& parameters, const Vector& parameter_vector, const Layout& buffers,
                           const Vector& buffer_vector);

/// The other way: fills the flat vectors from a file's tensors. Throws DataError, naming `path` and the first
/// tensor that is missing, left over, or of another shape or type.
void fill_from_tensors(const std::string& path, const std::map<std::string, StoredTensor>& tensors,
                       const Layout& parameters, Vector& parameter_vector, const Layout& buffers,
                       Vector& buffer_vector);

}  // namespace muster::inline checkpoint
