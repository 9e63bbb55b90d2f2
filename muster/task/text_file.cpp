#include "muster/task/text_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/task/token_file.h"

namespace muster {

namespace {

constexpr size_t longest_stretch = 65536;  // bytes that a tokenizer is given at once, to the next line's end

std::vector<int64_t> document_starts(std::string_view text, std::string_view separator) {
  std::vector<int64_t> starts = {0};
  for (size_t at = text.find(separator); at != std::string_view::npos; at = text.find(separator, at)) {
    at += separator.size();
    while (text.substr(at).starts_with(separator)) at += separator.size();
    if (at < text.size()) starts.push_back(static_cast<int64_t>(at));
  }
  return starts;
}

std::string_view without_separators(std::string_view document, std::string_view separator) {
  while (document.starts_with(separator)) document.remove_prefix(separator.size());
  while (document.ends_with(separator)) document.remove_suffix(separator.size());
  return document;
}

void append_encoded(std::string_view document, const Tokenizer& tokenizer, std::vector<uint32_t>& tokens) {
  while (!document.empty()) {
    size_t length = document.size();
    if (length > longest_stretch) {
      const size_t line_end = document.find('\n', longest_stretch);
      if (line_end != std::string_view::npos) length = line_end + 1;
    }
    const std::vector<uint32_t> some = tokenizer.encode(document.substr(0, length));
    tokens.insert(tokens.end(), some.begin(), some.end());
    document.remove_prefix(length);
  }
}

}  // namespace

Text read_bytes(const std::string& path, std::string_view separator) {
  Text text{map_token_file(path, TokenType::uint8), {}};
  text.documents = document_starts(text.tokens.bytes(), separator);
  return text;
}

Text read_text(const std::string& path, const Tokenizer& tokenizer, std::string_view separator) {
  const std::string content = read_file(path);
  std::vector<int64_t> bounds = document_starts(content, separator);
  bounds.push_back(static_cast<int64_t>(content.size()));
  std::vector<uint32_t> tokens;
  std::vector<int64_t> documents;
  for (size_t i = 0; i + 1 < bounds.size(); ++i) {
    const auto first = static_cast<size_t>(bounds[i]), last = static_cast<size_t>(bounds[i + 1]);
    const auto start = static_cast<int64_t>(tokens.size());
    append_encoded(without_separators({content.data() + first, last - first}, separator), tokenizer, tokens);
    if (static_cast<int64_t>(tokens.size()) == start) continue;
    documents.push_back(start);
    if (const auto end = tokenizer.end_of_document()) tokens.push_back(*end);
  }
  if (tokens.empty()) throw DataError(fmt::format("'{}' is empty; a text is expected", path));
  return {Tokens::of(tokens, tokenizer.vocabulary(), path), std::move(documents)};
}

std::vector<int64_t> documents_ended_by(const Tokens& tokens, int64_t end) {
  std::vector<int64_t> starts = {0};
  for (int64_t i = 0; i + 1 < tokens.size(); ++i)
    if (tokens[i] == end) starts.push_back(i + 1);
  return starts;
}

std::string unescaped_separator(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      result += text[i];
      continue;
    }
    const char next = ++i < text.size() ? text[i] : '\0';
    if (next != 'n' && next != 't' && next != '\\')
      throw OptionError("text.document_separator", text,
                        "a backslash begins \\n (line break), \\t (tab) or \\\\ (a backslash)");
    result += next == 'n' ? '\n' : next == 't' ? '\t' : '\\';
  }
  if (result.empty()) throw OptionError("text.document_separator", "''", "must not be empty");
  return result;
}

}  // namespace muster
