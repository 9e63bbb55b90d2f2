#pragma once

#include <string>
#include <vector>

#include "muster/app/options/arguments.h"
#include "muster/checkpoint/safetensors.h"

namespace muster::inline app {
class Catalogue;
}  // namespace muster::inline app

namespace muster::inline engine {

/// What a command must know of a model: to sample, the network; to measure, the data as well.
enum class Described { network, network_and_data };

/// Refuses a model whose network, or whose training data, are unknown: the commands would assume the defaults
/// and measure something else. `settings`: those of with_settings_of_file() and of any other source for the
/// file; `given`: the user's own, which may name network (task.model) and data (task.name) for a file that
/// stores neither. Throws DataError naming the file, what it lacks and the flags to add.
void require_described(const Catalogue& catalogue, const std::string& path, const Safetensors& file,
                       const std::vector<Setting>& settings, const std::vector<Setting>& given,
                       Described need);

}  // namespace muster::inline engine
