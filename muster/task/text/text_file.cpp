#include "muster/task/text/text_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/base/mistaken_form.h"
#include "muster/base/plain_file.h"
#include "muster/task/text/token_file.h"

namespace muster::inline task {

namespace {

constexpr int64_t head_bytes = 4096;       // bytes that tell the form of a file
constexpr size_t longest_stretch = 65536;  // bytes that a tokenizer is given at once, to the next line's end

/// Bytes of the separator that begins at `at`; 0: none does. A line break may be written \r\n.
size_t separator_at(std::string_view text, size_t at, std::string_view separator) {
  size_t end = at;
  for (const char c : separator) {
    if (c == '\n' && end < text.size() && text[end] == '\r') ++end;
    if (end == text.size() || text[end++] != c) return 0;
  }
  return end - at;
}

/// Bytes of the separator that the text ends with; 0: it ends with none.
size_t separator_at_end(std::string_view text, std::string_view separator) {
  size_t left = text.size();
  for (size_t i = separator.size(); i-- > 0;) {
    if (left == 0 || text[--left] != separator[i]) return 0;
    if (separator[i] == '\n' && left > 0 && text[left - 1] == '\r') --left;
  }
  return text.size() - left;
}

/// Finds where documents begin in a text that comes piece by piece.
class DocumentSearch {
 public:
  explicit DocumentSearch(std::string_view separator) : separator_(separator) {}

  void add(std::string_view piece) {
    waiting_ += piece;
    look(2 * separator_.size());
  }

  std::vector<int64_t> finish() {
    look(1);
    return std::move(starts_);
  }

 private:
  /// Examines every position that at least `needed` bytes follow.
  void look(size_t needed) {
    size_t at = 0;
    while (at + needed <= waiting_.size()) {
      if (const size_t length = separator_at(waiting_, at, separator_)) {
        at += length;
        behind_ = true;
        continue;
      }
      if (std::exchange(behind_, false)) starts_.push_back(before_ + static_cast<int64_t>(at));
      at = next_candidate(at + 1);
    }
    before_ += static_cast<int64_t>(at);
    waiting_.erase(0, at);
  }

  /// The first place from `at` on where a separator may begin.
  size_t next_candidate(size_t at) const {
    size_t found = std::min(waiting_.find(separator_[0], at), waiting_.size());
    if (separator_[0] == '\n' && found > at && waiting_[found - 1] == '\r') --found;
    return found;
  }

  std::string separator_;
  std::string waiting_;  // not examined yet
  int64_t before_ = 0;   // bytes examined
  bool behind_ = false;  // the last of them was a separator's
  std::vector<int64_t> starts_ = {0};
};

std::vector<int64_t> document_starts(const Tokens& bytes, std::string_view separator) {
  constexpr int64_t piece = 1 << 20;
  DocumentSearch search(separator);
  for (int64_t at = 0; at < bytes.size(); at += piece)
    search.add(bytes.bytes(at, std::min(piece, bytes.size() - at)));
  return search.finish();
}

std::vector<int64_t> document_starts(std::string_view text, std::string_view separator) {
  DocumentSearch search(separator);
  search.add(text);
  return search.finish();
}

std::string_view without_separators(std::string_view document, std::string_view separator) {
  while (const size_t length = separator_at(document, 0, separator)) document.remove_prefix(length);
  while (const size_t length = separator_at_end(document, separator)) document.remove_suffix(length);
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
  const std::string first = PlainFile(path).beginning(head_bytes);
  refuse_packed_or_wide(path, first);
  const bool marked = first.starts_with(utf8_mark);
  Text text{tokens_of_file(path, TokenType::uint8, marked ? static_cast<int64_t>(utf8_mark.size()) : 0),
            {},
            marked};
  text.documents = document_starts(text.tokens, separator);
  return text;
}

Text read_text(const std::string& path, const Tokenizer& tokenizer, std::string_view separator) {
  std::string content = read_plain_file(path);
  refuse_packed_or_wide(path, std::string_view(content).substr(0, head_bytes));
  const bool marked = content.starts_with(utf8_mark);
  if (marked) content.erase(0, utf8_mark.size());
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
  return {Tokens::of(tokens, tokenizer.vocabulary(), path), std::move(documents), marked};
}

std::string introduction_of(const Text& text, const char* use) {
  std::string line = fmt::format("{} text: {} tokens", use, format_count(text.tokens.size()));
  if (text.documents.size() > 1)
    line += fmt::format(" in {} documents", format_count(static_cast<int64_t>(text.documents.size())));
  line += fmt::format(" of '{}'", text.tokens.source());
  if (text.mark_left_out) line += "; left out: the byte order mark at its beginning";
  return line;
}

std::vector<int64_t> documents_ended_by(const Tokens& tokens, int64_t end) {
  std::vector<int64_t> starts = {0}, some(65536);
  const int64_t last = tokens.size() - 1;  // no document follows the last token
  for (int64_t first = 0; first < last; first += static_cast<int64_t>(some.size())) {
    some.resize(static_cast<size_t>(std::min<int64_t>(static_cast<int64_t>(some.size()), last - first)));
    tokens.copy(first, std::numeric_limits<int64_t>::max(), some);
    for (size_t i = 0; i < some.size(); ++i)
      if (some[i] == end) starts.push_back(first + static_cast<int64_t>(i) + 1);
  }
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

}  // namespace muster::inline task
