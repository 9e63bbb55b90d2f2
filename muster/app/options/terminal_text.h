#pragma once

#include <cstddef>
#include <string>

#include "muster/report/table.h"

namespace muster::inline report {
struct ResultTable;
}  // namespace muster::inline report

namespace muster::inline app {

/// Columns for sentences on standard output: 100, or those of its terminal where that has fewer.
size_t line_width();

/// The table's text, no wider than the terminal behind standard output; as wide as it is where there is none.
std::string fitted(const Table& table);
std::string fitted(const ResultTable& table);

}  // namespace muster::inline app
