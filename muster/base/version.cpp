#include "muster/base/version.h"

namespace muster::inline base {

std::string_view version() { return MUSTER_VERSION; }

}  // namespace muster::inline base
