#pragma once

#include <string>
#include <vector>

#include "muster/app/keys/options.h"
#include "muster/app/options/arguments.h"
#include "muster/checkpoint/safetensors.h"
#include "muster/task/models/text_generator.h"
#include "muster/task/text/tokenizer.h"

namespace muster::inline app {
class Catalogue;
}  // namespace muster::inline app

namespace muster::inline engine {

/// The configuration of a file's network alone, from the settings of with_settings_of_file(): its data need
/// not be there. Throws OptionError; DataError for a model of images.
Configuration text_model_configuration(const Catalogue& catalogue, const std::string& path,
                                       const std::vector<Setting>& settings);

/// A generator with the file's weights, which give the vocabulary; `tokenizer` may be null. Throws DataError
/// where tensors are missing, left over or of other shapes, or the tokenizer has more tokens.
TextGenerator load_generator(const Catalogue& catalogue, const std::string& path, const Safetensors& file,
                             const Configuration& configuration, const Tokenizer* tokenizer);

}  // namespace muster::inline engine
