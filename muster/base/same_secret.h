#pragma once

#include <string_view>

namespace muster::inline base {

/// Whether two secrets are the same, in a time that tells nothing of where they first differ: it depends on
/// the length of `one` alone.
bool same_secret(std::string_view one, std::string_view other);

}  // namespace muster::inline base
