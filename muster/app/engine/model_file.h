#pragma once

#include <map>
#include <string>
#include <vector>

#include "muster/app/arguments.h"
#include "muster/app/options.h"
#include "muster/train/safetensors.h"

namespace muster {

// What a model's file says of itself, for `muster evaluate` and `muster sample`.

/// Metadata for the file: nothing that differs between two runs with the same result. Throws FileError for a
/// tokenizer that is gone.
std::map<std::string, std::string> model_metadata(const Configuration& configuration);

/// Reads a model from a file or folder, a GPT of Hugging Face's Transformers included, and puts it into this
/// program's form: see model_source.h. Throws FileError, DataError.
Safetensors read_model(const std::string& path);

/// What the file says of its network: those of the settings below. Empty where it says nothing.
std::vector<Setting> settings_of_network(const Safetensors& file);

/// The settings that the file speaks for, then those `given`, which win: the network always; the data only
/// where `given` names no other task.name, and of task.test_data nothing where it names other data. Files of
/// other programs say nothing, but for a GPT's shape (see model_source.h). Throws OptionError on gpt.heads
/// where a GPT's heads are neither in the file nor given.
std::vector<Setting> with_settings_of_file(const Safetensors& file, const std::vector<Setting>& given);

/// Throws DataError when the model at `path` was trained with another tokenizer than `settings` name, those
/// of with_settings_of_file().
void require_same_tokenizer(const std::string& path, const Safetensors& file,
                            const std::vector<Setting>& settings);

}  // namespace muster
