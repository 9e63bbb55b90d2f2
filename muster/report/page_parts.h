#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "muster/report/result_table.h"

namespace muster::inline report {

/// Pieces that the pages of a report are put together from. Titles, hints and hidden marks are HTML already.

/// Everything before the body, the style included.
std::string page_head(std::string_view title);
/// A whole table in a box of its own that scrolls where the window is narrow.
std::string boxed(std::string_view label, std::string_view table);
/// Powers as people write them: "||x||^2" becomes "||x||²".
std::string with_superscripts(std::string_view text);
/// Text of sentences and cells: a number stays on one line with its unit and its spread; powers become
/// superscripts.
std::string told_html(std::string_view text);
/// An arm's name, marked with the line and point style of its curves.
std::string arm_heading(size_t number, std::string_view name);
/// A table's cell that shows its column's heading in a narrow window, where cells are stacked. `content` is
/// HTML.
std::string labelled_cell(std::string_view heading, std::string_view content, std::string_view look = {});
/// `best`: the row whose second cell gets the mark.
std::string table_html(const ResultTable& table, std::string_view look,
                       std::optional<size_t> best = std::nullopt, std::string_view mark = "");
/// A card with a canvas that the page's script draws on.
std::string chart(std::string_view id, std::string_view title, std::string_view hint);

}  // namespace muster::inline report
