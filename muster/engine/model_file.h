#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "muster/app/keys/options.h"
#include "muster/app/options/arguments.h"
#include "muster/checkpoint/safetensors.h"

namespace muster::inline app {
class Catalogue;
}  // namespace muster::inline app

namespace muster::inline engine {

// A model's file and the settings that it stores, for `muster evaluate` and `muster sample`.

/// Metadata for the file, with room for its digest (model_digest.h): every key of network, data and
/// preprocessing (key_role.h), nothing that differs between two runs with the same result. Throws FileError
/// for a tokenizer that is gone.
std::map<std::string, std::string> model_metadata(const Catalogue& catalogue,
                                                  const Configuration& configuration);

/// Reads a model from a file or folder, a GPT of Hugging Face's Transformers included, and puts it into this
/// program's form: see model_source.h. Says in a line where a file of ours is too old to carry a digest.
/// Throws FileError, DataError.
Safetensors read_model(const Catalogue& catalogue, const std::string& path);

/// The configuration in a file's metadata; null where there is none.
nlohmann::json stored_configuration(const Safetensors& file);

/// The settings of the network, as the file stores them. Empty where it stores none.
std::vector<Setting> settings_of_network(const Catalogue& catalogue, const Safetensors& file);

/// The settings that the file stores, then those `given`, which win: the network always; data and
/// preprocessing only where `given` names no other task.name, and of task.test_data nothing where it names
/// other data. Files of other programs store none (described_model.h refuses them then) except a GPT's shape
/// (see model_source.h). Throws OptionError on gpt.heads where a GPT's heads are neither in the file nor
/// given.
std::vector<Setting> with_settings_of_file(const Catalogue& catalogue, const Safetensors& file,
                                           const std::vector<Setting>& given);

/// Throws DataError when the model at `path` was trained with another tokenizer than `settings` name, those
/// of with_settings_of_file().
void require_same_tokenizer(const Catalogue& catalogue, const std::string& path, const Safetensors& file,
                            const std::vector<Setting>& settings);

}  // namespace muster::inline engine
