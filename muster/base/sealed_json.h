#pragma once

#include <string>
#include <string_view>

namespace muster::inline base {

/// Gives the text of a JSON object, indented by two spaces, a checksum of itself as its first key: XXH64 of
/// the whole text with these sixteen digits as zeros. REQUIRES: text begins with "{\n".
std::string sealed(std::string_view object, std::string_view key);

/// none: the text does not begin with that key.
enum class Seal { none, whole, broken };
Seal seal_of(std::string_view text, std::string_view key);

}  // namespace muster::inline base
