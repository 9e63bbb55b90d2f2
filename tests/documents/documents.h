#pragma once

#include <string>
#include <vector>

namespace muster::documents {

/// One line of code in a document, continuation lines joined, comments behind " #" left out.
struct Command {
  std::string file;  ///< from the root of the sources
  int line = 0;
  std::vector<std::string> words;  ///< as a shell would part them; quotes gone
  bool whole = true;               ///< false: a fragment in running text that is meant to be read, not run
};

/// [text](target) of a document.
struct Link {
  std::string file;
  int line = 0;
  std::string target;
};

/// README.md, CHANGELOG.md and all of docs/, from the root of the sources.
std::vector<std::string> documents(const std::string& root);

/// Lines of code blocks (fenced or indented by four) and `code` in running text, as far as they begin with a
/// word of `programs` or with a path that begins with one of them ("scripts/", "bench/").
std::vector<Command> commands_of(const std::string& file, const std::string& text,
                                 const std::vector<std::string>& programs);

std::vector<Link> links_of(const std::string& file, const std::string& text);

/// What "#..." may follow behind a document's name: its headings as GitHub spells them.
std::vector<std::string> anchors_of(const std::string& text);

/// What stands between blanks, code and tables included, as `wc -w` counts.
int words_of(const std::string& text);

/// Parts a line as a POSIX shell would, without expansion; what stands behind an unquoted # is left out.
std::vector<std::string> shell_words(const std::string& line);

}  // namespace muster::documents
