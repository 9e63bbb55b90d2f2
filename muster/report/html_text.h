#pragma once

#include <string>
#include <string_view>

namespace muster::inline report {

/// Escapes a text for HTML, between tags or in quoted attributes: & < > " ' become entities.
std::string html_escaped(std::string_view text);

/// Escapes JSON for a script element: what could end the script or begin a comment (<, >, &, and the line
/// ends U+2028 and U+2029, which only JSON allows in strings) becomes an escape of four hexadecimal digits.
/// REQUIRES: valid JSON, where these stand inside strings only.
std::string script_escaped(std::string_view json);

/// Quotes a word for a POSIX shell: unchanged where that is safe, else in single quotes.
std::string shell_quoted(std::string_view word);

}  // namespace muster::inline report
