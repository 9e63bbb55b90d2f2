#pragma once

#include <string>

namespace muster::inline app {

class Catalogue;

/// The manual page muster(1) in roff, with every command, flag and key; made of the list of all_help().
std::string manual_page(const Catalogue& catalogue);

}  // namespace muster::inline app
