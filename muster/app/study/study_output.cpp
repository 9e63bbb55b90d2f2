#include "muster/app/study/study_output.h"

#include <filesystem>
#include <system_error>

#include "muster/app/options/terminal_text.h"
#include "muster/app/options/text_lines.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/report/table.h"

namespace muster::inline app {

std::string study_table_text(const StudyTable& table) {
  std::vector<Table::Column> columns;
  for (const std::string& heading : table.header)
    columns.push_back({heading, columns.empty() ? Align::left : Align::right});
  Table text(columns);
  for (const auto& row : table.rows) text.add_row(row);
  return table.title + "\n\n" + fitted(text) + (table.note.empty() ? "" : "\n" + wrapped(table.note, ""));
}

void write_study(const std::string& folder, const std::string& json, const StudyPage& page) {
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  if (problem) throw FileError("cannot make the folder '" + folder + "': " + problem.message());
  write_file_atomically(folder + "/study.json", json);
  write_file_atomically(folder + "/report.html", study_page(page));
}

}  // namespace muster::inline app
