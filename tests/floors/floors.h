#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace muster::floors {

/// What a look through the sources found.
struct Findings {
  int files = 0;                    ///< sources and headers read
  std::vector<std::string> broken;  ///< one line each: "file:line: include of X: rule"
};

/// Reads ROOT/FLOORS (rooms by line, ground first; a room may lie in another one, as app/engine does; a star
/// marks those that may know torch) and every #include in ROOT/{muster/ROOM,cli,python}. Broken are:
/// - an include of another room on the same or a higher line, or of a room that FLOORS does not name;
/// - a path of our own that does not start at the project's root;
/// - torch, directly or through other headers, in a room without a star;
/// - torch's modules outside task, c10d outside libtorch, Gloo outside the library that holds it, or anything
///   heavier than <ATen/core/Tensor.h> in a header.
/// Throws std::runtime_error where FLOORS cannot be read.
Findings check(const std::filesystem::path& root);

}  // namespace muster::floors
