#pragma once

#include <optional>
#include <string>

#include "muster/report/study_page.h"

namespace muster::inline app {

/// A table of a study for the terminal, with its title above and its note, wrapped, below.
std::string study_table_text(const StudyTable& table);

/// Writes study.json and report.html into `folder`, made if need be. Throws FileError.
void write_study(const std::string& folder, const std::string& json, const StudyPage& page);

}  // namespace muster::inline app
