#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "muster/app/keys/key.h"
#include "muster/app/options/help.h"

namespace muster::inline app {

class Catalogue;

/// The help of a command, or of a study ("study convex").
struct HelpEntry {
  std::string_view command;
  std::string_view summary;  ///< one line
  const CommandHelp* help = nullptr;
};

/// Every command in the order of `muster help`, each study behind `study`: help pages, completion and the
/// manual page are made of this list and of the keys.
const std::vector<HelpEntry>& all_help();

/// The keys that a command uses.
std::vector<const Key*> keys_of(const Catalogue& catalogue, const CommandHelp& help);

}  // namespace muster::inline app
