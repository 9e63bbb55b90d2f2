#include "muster/theory/convex/libsvm_file.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstring>

#include "muster/base/error.h"
#include "muster/base/mistaken_form.h"
#include "muster/base/plain_file.h"

namespace muster::inline theory {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The word that begins at `at`, up to the next blank, shortened and printable for an error.
std::string word_at(const char* at, const char* end) {
  constexpr ptrdiff_t most = 30;
  std::string text;
  const char* const cut = std::min(end, at + most);
  for (; at < cut && !is_blank(*at); ++at) {
    const auto byte = static_cast<unsigned char>(*at);
    text += byte < 0x20 || byte > 0x7E ? fmt::format("\\x{:02x}", byte) : std::string(1, *at);
  }
  return "'" + text + (at == cut && cut < end ? "..." : "") + "'";
}

class Parser {
 public:
  Parser(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  SparseRows parse() {
    reserve();
    const char* at = text_.data();
    const char* const end = at + text_.size();
    while (at < end) {
      ++line_;
      begin_ = at;
      const void* const feed = std::memchr(at, '\n', static_cast<size_t>(end - at));
      const char* const stop = feed != nullptr ? static_cast<const char*>(feed) : end;
      parse_line(at, stop);
      at = stop + 1;
    }
    if (rows_.labels.empty())
      throw DataError(fmt::format("'{}' holds no sample; lines are LABEL INDEX:VALUE ...", name_));
    return std::move(rows_);
  }

 private:
  // Few files have less than five bytes per entry; growing a vector would copy it.
  void reserve() {
    rows_.columns.reserve(text_.size() / 5);
    rows_.values.reserve(text_.size() / 5);
  }

  [[noreturn]] void fail(const char* at, const std::string& what) const {
    throw DataError(fmt::format("'{}', line {}, column {}: {}", name_, line_, at - begin_ + 1, what));
  }

  void parse_line(const char* at, const char* end) {
    at = skip_blanks(at, end);
    if (at == end || *at == '#') return;
    double label = 0;
    at = parse_real(at, end, "a label", label);
    if (at < end && *at == ':')
      fail(at, "a label was expected, but this is an entry; lines are LABEL INDEX:VALUE ...");
    require_blank(at, end, "the label");
    rows_.labels.push_back(label);
    int64_t previous = 0;
    for (at = skip_blanks(at, end); at < end && *at != '#'; at = skip_blanks(at, end))
      at = parse_entry(at, end, previous);
    rows_.features = std::max(rows_.features, previous);
    rows_.starts.push_back(static_cast<int64_t>(rows_.columns.size()));
  }

  const char* parse_entry(const char* at, const char* end, int64_t& previous) {
    const char* const start = at;
    int64_t index = 0;
    // Nine digits are more than the largest index has, and far from an overflow.
    for (; at < end && is_digit(*at) && at - start < 10; ++at) index = 10 * index + (*at - '0');
    if (at == start) fail_at_index(start, end);
    if (index > largest_libsvm_index)
      fail(start, fmt::format("the index {} is above {}", word_at(start, end), largest_libsvm_index));
    if (at == end || *at != ':')
      fail(at, fmt::format("a ':' was expected behind the index {}", word_at(start, at)));
    if (index < 1)
      fail(start,
           "an index must be at least 1; if this file counts from 0, add 1 to every index before the ':'");
    if (index <= previous) fail(start, fmt::format("indices must ascend, {} follows {}", index, previous));
    previous = index;
    double value = 0;
    at = parse_real(at + 1, end, "a value", value);
    require_blank(at, end, "the value");
    rows_.columns.push_back(static_cast<int32_t>(index - 1));
    rows_.values.push_back(value);
    return at;
  }

  [[noreturn]] void fail_at_index(const char* at, const char* end) const {
    if (end - at >= 4 && std::memcmp(at, "qid:", 4) == 0)
      fail(at, "qid belongs to ranking problems; take it out of the file");
    fail(at, fmt::format("INDEX:VALUE was expected, not {}", word_at(at, end)));
  }

  const char* parse_real(const char* at, const char* end, const char* what, double& value) const {
    const char* const start = at;
    // A digit alone: most values of sparse files.
    if (at < end && is_digit(*at) && (at + 1 == end || is_blank(at[1]))) {
      value = *at - '0';
      return at + 1;
    }
    if (at + 1 < end && *at == '+' && at[1] != '-') ++at;
    const auto [stop, problem] = std::from_chars(at, end, value);
    if (problem == std::errc::result_out_of_range)
      fail(start, fmt::format("{} is beyond what a double holds", word_at(start, end)));
    if (problem != std::errc())
      fail(start, start == end || is_blank(*start)
                      ? fmt::format("{} is missing", what)
                      : fmt::format("{} was expected, not {}", what, word_at(start, end)));
    if (!std::isfinite(value))
      fail(start, fmt::format("{} must be finite, not {}", what, word_at(start, end)));
    return stop;
  }

  void require_blank(const char* at, const char* end, const char* what) const {
    if (at < end && !is_blank(*at) && *at != '#')
      fail(at, fmt::format("a blank was expected behind {}, not {}", what, word_at(at, end)));
  }

  static const char* skip_blanks(const char* at, const char* end) {
    while (at < end && is_blank(*at)) ++at;
    return at;
  }

  std::string_view text_;
  const std::string& name_;
  SparseRows rows_;
  int64_t line_ = 0;
  const char* begin_ = nullptr;
};

}  // namespace

SparseRows parse_libsvm(std::string_view text, const std::string& name) {
  if (text.starts_with(utf8_mark)) text.remove_prefix(utf8_mark.size());
  return Parser(text, name).parse();
}

SparseRows read_libsvm(const std::string& path) {
  const std::string content = read_plain_file(path);
  refuse_packed_or_wide(path, std::string_view(content).substr(0, 512));
  return parse_libsvm(content, path);
}

}  // namespace muster::inline theory
