#pragma once

#include <string>
#include <vector>

#include "muster/app/options/arguments.h"
#include "muster/checkpoint/safetensors.h"

namespace muster {

class Catalogue;

/// What a command has to know of a model: to sample, the network; to measure, the data as well.
enum class Described { network, network_and_data };

/// Refuses a model of which it is not known what network it is, or on which data it was trained: the commands
/// would take the defaults for it and measure something else. `settings`: with_settings_of_file() and
/// whatever else speaks for the file; `given`: the user's own, who may name network (task.model) and data
/// (task.name) for a file that says nothing. Throws DataError naming the file, what it lacks and the flags to
/// add.
void require_described(const Catalogue& catalogue, const std::string& path, const Safetensors& file,
                       const std::vector<Setting>& settings, const std::vector<Setting>& given,
                       Described need);

}  // namespace muster
