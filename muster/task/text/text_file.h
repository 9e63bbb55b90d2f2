#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "muster/task/text/tokenizer.h"
#include "muster/task/text/tokens.h"

namespace muster::inline task {

/// Tokens, and where in them documents begin (in order, the first at 0; empty where they were not searched
/// for).
struct Text {
  Tokens tokens;
  std::vector<int64_t> documents;
  bool mark_left_out = false;  ///< a byte order mark stood before the text
};

/// A text file as bytes, as tokens_of_file holds it. A document ends behind each `separator` that another
/// byte follows; several separators in a row are one. A line break in the separator stands for `\n` and for
/// `\r\n`. A byte order mark of UTF-8 at the beginning is left out. Throws FileError; DataError (empty,
/// packed, UTF-16).
Text read_bytes(const std::string& path, std::string_view separator);

/// A text file through a tokenizer, document by document, each followed by the tokenizer's end of a document
/// where it has one; the separators themselves are left out. Long documents are encoded in stretches of
/// lines. Throws as read_bytes.
Text read_text(const std::string& path, const Tokenizer& tokenizer, std::string_view separator);

/// One line: how many tokens and documents, from where. `use`: "training", "held-out".
std::string introduction_of(const Text& text, const char* use);

/// Documents of a sequence of tokens in which `end` is the last token of each.
std::vector<int64_t> documents_ended_by(const Tokens& tokens, int64_t end);

/// "\n" and "\t" become a line break and a tab, "\\" a backslash. Throws OptionError on
/// text.document_separator for another escape or an empty text.
std::string unescaped_separator(std::string_view text);

}  // namespace muster::inline task
