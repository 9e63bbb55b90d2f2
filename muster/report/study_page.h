#pragma once

#include <string>
#include <vector>

namespace muster::inline report {

/// One curve of a chart. `error`: half-width of one standard error at each point, or empty. Values that are
/// not finite, or not above zero on a logarithmic axis, are left out.
struct StudyCurve {
  std::string label;
  std::vector<double> x, y, error;
  bool dashed = false;
  bool points = false;  ///< points only, no line between them
};

struct StudyChart {
  std::string title, hint, x_label, y_label;
  bool log_x = false, log_y = false;
  std::vector<StudyCurve> curves;
};

/// A table; the first cell of a row is its name.
struct StudyTable {
  std::string title;
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  std::string note;
  bool wraps = false;  ///< cells hold sentences, not numbers
};

/// `text`: paragraphs, with a blank line between them.
struct StudySection {
  std::string heading, text;
  std::vector<StudyTable> tables;
  std::vector<StudyChart> charts;
};

/// `title`: the answer in one sentence; `lead`: what was done; `command`: the one that repeats it.
struct StudyPage {
  std::string title, lead, command;
  std::string written_by = "muster study";
  std::vector<StudySection> sections;
};

/// A study as one self-contained HTML page: plain texts, escaped here, tables, and charts drawn by the page's
/// own script. The same values give the same bytes. REQUIRES: x and y of a curve are equally long, and so is
/// `error` unless it is empty.
std::string study_page(const StudyPage& page);

}  // namespace muster::inline report
