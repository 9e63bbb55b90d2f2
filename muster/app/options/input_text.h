#pragma once

#include <optional>
#include <string>

namespace muster::inline app {

// A text that a user names on the command line is read once, though several processes want it: `muster`, the
// engine that takes its place, the ranks that a launcher starts. What was read is held in memory behind a
// descriptor that started programs inherit; the variable MUSTER_INPUTS says which descriptor holds which
// path. So a pipe can replace a file, and a rank that is started again finds the text of the first start.

/// The word that means standard input.
inline constexpr const char* standard_input = "-";

/// Reads `path` ("-": standard input) and holds it for this process and those it starts. Does nothing when it
/// is held. Throws OptionError with `field`: unreadable, a folder, nothing but an empty pipe, larger than
/// 64 MiB.
void hold_input(const std::string& field, const std::string& path);

/// The held text of `path`, else the content of the file; what can be read only once is held then. Throws as
/// hold_input.
std::string input_text(const std::string& field, const std::string& path);

/// The text of `path` where it is held already, as by the process that started this one.
std::optional<std::string> held_text(const std::string& path);

/// Whether each reader gets the same: a regular file, or a text that is held.
bool can_be_read_again(const std::string& path);

/// The variable, and its value for a process on another host that gets the text of `path` on its standard
/// input.
inline constexpr const char* inputs_variable = "MUSTER_INPUTS";
std::string on_standard_input(const std::string& path);

}  // namespace muster::inline app
