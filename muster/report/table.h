#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace muster::inline report {

/// Columns that a UTF-8 text takes in a terminal: combining marks none, East Asian wide characters and emoji
/// two. A byte that is not UTF-8 counts as one.
int display_width(std::string_view text);

enum class Align { left, right };

/// A table of text for the terminal: a heading, a rule, rows; columns as wide as their widest cell, two
/// blanks apart.
///
///     method       rounds  accuracy
///     ─────────────────────────────
///     every_step  100,000   91.20 %
class Table {
 public:
  struct Column {
    std::string heading;
    Align align = Align::left;
  };

  explicit Table(std::vector<Column> columns);

  /// Throws Bug when there are more cells than columns; missing ones stay empty.
  void add_row(std::vector<std::string> cells);

  /// Every line ends with a line feed and has no blanks at its end. Where it is wider than `most` columns (0:
  /// no limit), headings and cells continue on further lines at their blanks, those of the widest columns
  /// first; no word is broken.
  std::string text(int most = 0) const;

 private:
  using Cells = std::vector<std::string>;
  std::vector<int> widths(int most) const;
  std::string row_text(const Cells& cells, const std::vector<int>& widths) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace muster::inline report
