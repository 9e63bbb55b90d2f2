#include "muster/app/options/terminal_text.h"

#include <unistd.h>

#include <algorithm>

#include "muster/base/terminal.h"
#include "muster/report/result_table.h"

namespace muster::inline app {

size_t line_width() {
  constexpr int usual = 100, least = 30;
  const int columns = terminal_width(STDOUT_FILENO);
  return static_cast<size_t>(columns == 0 ? usual : std::clamp(columns, least, usual));
}

std::string fitted(const Table& table) { return table.text(terminal_width(STDOUT_FILENO)); }
std::string fitted(const ResultTable& table) { return table_text(table, terminal_width(STDOUT_FILENO)); }

}  // namespace muster::inline app
