#pragma once

#include <optional>
#include <string>

#include "muster/app/options/arguments.h"
#include "muster/app/options/resolve.h"

namespace muster {

class Catalogue;

/// "--print-config" and "--print-config=all", for a command's help.
extern const CommandFlag print_config_flag;

/// What a configuration differs in from the defaults, as a TOML file that means the same to the same command:
/// what was given, with the number of workers, which else depends on the machine, and in asynchronous runs
/// async.outer.
std::string differences_toml(const Catalogue& catalogue, const Resolution& resolution, Scope scope);

/// What `muster COMMAND --print-config` answers; nothing where it was not asked for. With --json the whole
/// configuration as one object.
std::optional<std::string> printed_configuration(const Catalogue& catalogue, const Arguments& arguments,
                                                 const Resolution& resolution, Scope scope);

}  // namespace muster
