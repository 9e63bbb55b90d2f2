#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "muster/task/tokenizer.h"
#include "muster/task/tokens.h"

namespace muster {

/// Tokens, and where in them documents begin (in order, the first at 0; empty where nobody looked).
struct Text {
  Tokens tokens;
  std::vector<int64_t> documents;
};

/// A text file as bytes, mapped into memory. A document ends behind each `separator` that another byte
/// follows; several separators in a row are one. Throws FileError, DataError.
Text read_bytes(const std::string& path, std::string_view separator);

/// A text file through a tokenizer, document by document, each followed by the tokenizer's end of a document
/// where it has one; the separators themselves are left out. Long documents are encoded in stretches of
/// lines. Throws FileError; DataError (empty).
Text read_text(const std::string& path, const Tokenizer& tokenizer, std::string_view separator);

/// Documents of a sequence of tokens in which `end` is the last token of each.
std::vector<int64_t> documents_ended_by(const Tokens& tokens, int64_t end);

/// "\n" and "\t" become a line break and a tab, "\\" a backslash. Throws OptionError on
/// text.document_separator for another escape or an empty text.
std::string unescaped_separator(std::string_view text);

}  // namespace muster
