#pragma once

#include <string>
#include <vector>

namespace muster::inline app {

class Catalogue;

/// A table of a document, in Markdown: a line for each kind of a family.
struct KindTable {
  std::string document;  ///< from the root of the sources: "docs/methods.md"
  std::string text;      ///< every line ends with a line feed
};

/// The tables that the documents hold, as the catalogue says: rules, optimizers, codecs, merges.
std::vector<KindTable> kind_tables(const Catalogue& catalogue);

}  // namespace muster::inline app
