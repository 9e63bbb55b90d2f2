#pragma once

#include <string>

#include "muster/app/keys/options.h"

namespace muster::inline engine {

/// The first of runs/1, runs/2, ... that does not exist.
std::string first_free_folder();

/// run.out, or else first_free_folder(). Throws OptionError where a run is to be resumed and none is named.
std::string chosen_folder(const RunSection& run);

}  // namespace muster::inline engine
