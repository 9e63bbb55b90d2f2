#pragma once

#include <string_view>
#include <vector>

namespace muster::inline app {

/// A text that the program carries in itself, by its path in the source tree: "configs/qsr.toml".
struct EmbeddedFile {
  std::string_view path, text;
};

/// reproduce/*.toml and configs/**/*.toml.
std::vector<EmbeddedFile> embedded_files();

}  // namespace muster::inline app
