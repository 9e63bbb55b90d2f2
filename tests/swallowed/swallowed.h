#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace muster::swallowed {

/// Places in one source, "line: what is dropped there", where an error can vanish and no comment says why it
/// may. A comment counts on the same line, on the line above the statement, or inside the block. Found are:
/// - a catch block that neither throws, returns, ends the program nor uses what it caught;
/// - a call of the system or of C's files (write, close, fsync, rename, remove, flock, kill, ...) whose
/// result
///   is dropped, also behind (void) or std::ignore;
/// - a std::error_code that is filled and never looked at;
/// - an output stream on a file that is never asked whether it is good.
std::vector<std::string> find_swallowed(const std::string& source);

/// The same for all sources and headers below ROOT/muster and ROOT/cli: "file:line: what".
struct Findings {
  int files = 0;
  std::vector<std::string> places;
};
Findings check(const std::filesystem::path& root);

}  // namespace muster::swallowed
