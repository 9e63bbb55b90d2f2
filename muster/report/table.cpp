#include "muster/report/table.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/printable.h"

namespace muster::inline report {

namespace {

struct Range {
  char32_t first, last;
};

constexpr std::array zero_width = {Range{0x300, 0x36F},   Range{0x200B, 0x200F}, Range{0x20D0, 0x20FF},
                                   Range{0xFE00, 0xFE0F}, Range{0xFE20, 0xFE2F}, Range{0xFEFF, 0xFEFF}};
constexpr std::array double_width = {
    Range{0x1100, 0x115F},   Range{0x2E80, 0x303E},   Range{0x3041, 0xA4CF},   Range{0xAC00, 0xD7A3},
    Range{0xF900, 0xFAFF},   Range{0xFE30, 0xFE6F},   Range{0xFF00, 0xFF60},   Range{0xFFE0, 0xFFE6},
    Range{0x1F300, 0x1F64F}, Range{0x1F680, 0x1F6FF}, Range{0x1F900, 0x1FAFF}, Range{0x20000, 0x3FFFD}};

template <size_t count>
bool within(const std::array<Range, count>& ranges, char32_t letter) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const Range& range) { return letter >= range.first && letter <= range.last; });
}

// Takes one character off the front of `text`; a byte that begins no character counts as one.
char32_t take_character(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const size_t length = lead >= 0xF0 && lead < 0xF8 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  char32_t letter = length == 4   ? lead & 0x07u
                    : length == 3 ? lead & 0x0Fu
                    : length == 2 ? lead & 0x1Fu
                                  : lead;
  bool whole = lead < 0xF8 && text.size() >= length;
  for (size_t i = 1; whole && i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    whole = (next & 0xC0u) == 0x80u;
    letter = letter << 6 | (next & 0x3Fu);
  }
  text.remove_prefix(whole ? length : 1);
  return whole ? letter : U'?';
}

int total_of(const std::vector<int>& widths) {
  return std::accumulate(widths.begin(), widths.end(), 2 * static_cast<int>(widths.size() - 1));
}

std::vector<std::string> words_of(const std::string& cell) {
  const size_t begin = std::min(cell.find_first_not_of(' '), cell.size());
  std::vector<std::string> words = {cell.substr(0, begin)};  // the indent belongs to the first word
  for (size_t i = begin; i < cell.size(); ++i) {
    if (cell[i] == ' ' && cell[i - 1] != ' ') words.emplace_back();
    if (cell[i] != ' ') words.back() += cell[i];
  }
  return words;
}

int longest_word(const std::string& cell) {
  int longest = 0;
  for (const std::string& word : words_of(cell)) longest = std::max(longest, display_width(word));
  return longest;
}

/// The cell in one line where it fits, otherwise broken at blanks into lines of at most `width`.
std::vector<std::string> lines_of(const std::string& cell, int width) {
  if (display_width(cell) <= width) return {cell};
  std::vector<std::string> lines;
  for (const std::string& word : words_of(cell)) {
    const bool fits = !lines.empty() && display_width(lines.back()) + 1 + display_width(word) <= width;
    if (fits)
      lines.back() += " " + word;
    else
      lines.push_back(word);
  }
  return lines;
}

void append_cell(std::string& line, const std::string& cell, Align align, int width) {
  const std::string padding(static_cast<size_t>(width - display_width(cell)), ' ');
  line += align == Align::right ? padding + cell : cell + padding;
}

}  // namespace

int display_width(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const char32_t letter = take_character(text);
    width += within(zero_width, letter) ? 0 : within(double_width, letter) ? 2 : 1;
  }
  return width;
}

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {
  invariant(!columns_.empty(), "a table needs at least one column");
}

void Table::add_row(std::vector<std::string> cells) {
  invariant(cells.size() <= columns_.size(), "a row has more cells than the table has columns");
  for (std::string& cell : cells) cell = printable(cell);
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

// As wide as the widest cell; where all together are wider than `most`, the column that can shrink the most
// becomes narrower, but no narrower than its longest word.
std::vector<int> Table::widths(int most) const {
  std::vector<int> widths, words;
  for (size_t c = 0; c < columns_.size(); ++c) {
    int width = display_width(columns_[c].heading), word = longest_word(columns_[c].heading);
    for (const auto& row : rows_) {
      width = std::max(width, display_width(row[c]));
      word = std::max(word, longest_word(row[c]));
    }
    widths.push_back(width);
    words.push_back(word);
  }
  while (most > 0 && total_of(widths) > most) {
    size_t widest = widths.size();
    for (size_t c = 0; c < widths.size(); ++c)
      if (widths[c] > words[c] && (widest == widths.size() || widths[c] > widths[widest])) widest = c;
    if (widest == widths.size()) break;
    --widths[widest];
  }
  return widths;
}

std::string Table::row_text(const Cells& cells, const std::vector<int>& widths) const {
  std::vector<Cells> lines;
  size_t height = 1;
  for (size_t c = 0; c < cells.size(); ++c) {
    lines.push_back(lines_of(cells[c], widths[c]));
    height = std::max(height, lines.back().size());
  }
  std::string text;
  for (size_t i = 0; i < height; ++i) {
    std::string line;
    for (size_t c = 0; c < cells.size(); ++c) {
      if (c > 0) line += "  ";
      append_cell(line, i < lines[c].size() ? lines[c][i] : std::string(), columns_[c].align, widths[c]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string Table::text(int most) const {
  const std::vector<int> widths = this->widths(most);
  Cells headings;
  for (const Column& column : columns_) headings.push_back(column.heading);
  std::string text = row_text(headings, widths);
  for (int i = 0; i < total_of(widths); ++i) text += "─";
  text += "\n";
  for (const auto& row : rows_) text += row_text(row, widths);
  return text;
}

}  // namespace muster::inline report
