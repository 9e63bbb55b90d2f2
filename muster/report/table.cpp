#include "muster/report/table.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/printable.h"

namespace muster {

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

// Takes one character off the front of `text`; a byte that begins none stands for itself.
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

std::string Table::text() const {
  std::vector<int> widths;
  for (size_t c = 0; c < columns_.size(); ++c) {
    int width = display_width(columns_[c].heading);
    for (const auto& row : rows_) width = std::max(width, display_width(row[c]));
    widths.push_back(width);
  }
  std::string text;
  const auto append_line = [&](const auto& cell_of) {
    std::string line;
    for (size_t c = 0; c < columns_.size(); ++c) {
      if (c > 0) line += "  ";
      append_cell(line, cell_of(c), columns_[c].align, widths[c]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  };
  append_line([&](size_t c) -> const std::string& { return columns_[c].heading; });
  const int total = std::accumulate(widths.begin(), widths.end(), 2 * static_cast<int>(widths.size() - 1));
  for (int i = 0; i < total; ++i) text += "─";
  text += "\n";
  for (const auto& row : rows_) append_line([&](size_t c) -> const std::string& { return row[c]; });
  return text;
}

}  // namespace muster
