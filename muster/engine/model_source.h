#pragma once

#include <string>

#include "muster/checkpoint/safetensors.h"

namespace muster::inline app {
class Catalogue;
}  // namespace muster::inline app

namespace muster::inline engine {

// Where a model lies and in what form: a safetensors file, or a folder with one (a run's, a checkpoint's, one
// of Hugging Face's Transformers), whole or in several files.

/// The metadata's `tokenizer` of a file that names none.
inline constexpr const char* unknown_tokenizer = "unknown";

/// The file behind a path: of a folder its model.safetensors, or its model.safetensors.index.json. Throws
/// DataError where a folder holds neither, with what to do about other files of weights.
std::string model_file_of(const std::string& path);

/// Reads such a file, or all files of an index, as they are. Throws FileError, DataError.
Safetensors read_model_files(const std::string& path);

/// Puts the tensors of a GPT of Transformers into this program's form (task/gpt_layout.h) and, where the file
/// holds no configuration, puts that of the config.json beside it into its metadata, or what the shapes of
/// the tensors give. Prints a line where the file is not of this program's form. Leaves out the auxiliary
/// classifiers of torchvision's GoogLeNet, which prediction does not use. Throws DataError for contradictions
/// between tensors, metadata and config.json.
void take_own_form(const Catalogue& catalogue, const std::string& path, Safetensors& file);

}  // namespace muster::inline engine
