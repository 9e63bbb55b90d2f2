#pragma once

#include <map>
#include <optional>
#include <string>

namespace muster::inline rendezvous {

/// What all processes of a run must have in common, by name: version, layout, types, size of slices,
/// configuration.
using Identity = std::map<std::string, std::string>;

/// The first difference, for an error message: "run.seed is '1' there, '2' here"; nothing when they are
/// equal. Long values are cut.
std::optional<std::string> first_difference(const Identity& there, const Identity& here);

std::string to_text(const Identity& identity);
/// Throws Error when the text is not what to_text writes.
Identity identity_from_text(const std::string& text);

}  // namespace muster::inline rendezvous
