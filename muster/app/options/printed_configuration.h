#pragma once

#include <optional>
#include <string>

#include "muster/app/options/arguments.h"
#include "muster/app/options/resolve.h"

namespace muster::inline app {

class Catalogue;

/// "--print-config" and "--print-config=all", for a command's help.
extern const CommandFlag print_config_flag;

/// The differences of a configuration from the defaults, as a TOML file that means the same to the same
/// command: the given keys, run.workers, whose default depends on the machine, and in asynchronous runs
/// async.outer.
std::string differences_toml(const Catalogue& catalogue, const Resolution& resolution, Scope scope);

/// The output of `muster COMMAND --print-config`; nothing without that flag. With --json the whole
/// configuration as one object.
std::optional<std::string> printed_configuration(const Catalogue& catalogue, const Arguments& arguments,
                                                 const Resolution& resolution, Scope scope);

}  // namespace muster::inline app
