#pragma once

#include <string>
#include <string_view>

namespace muster::inline app {

/// Refuses what is no TOML at the first look, with what it is and what to do: another kind of file, another
/// encoding, JSON, YAML; and a key of more parts than any key has, which a parser that calls itself for each
/// part could not survive. `source` names the text. Throws OptionError ("CONFIG").
void check_toml_text(std::string_view text, const std::string& source);

}  // namespace muster::inline app
