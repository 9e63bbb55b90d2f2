#include "muster/checkpoint/kept_lines.h"

#include <algorithm>
#include <vector>

#include "muster/base/error.h"

namespace muster::inline checkpoint {

void KeptLines::add(const MetricsLine& line) {
  lines_.push_back(line);
  if (lines_.size() <= most_) return;
  lines_.pop_front();
  before_checkpoint_ -= std::min<size_t>(1, before_checkpoint_);
}

void KeptLines::at_checkpoint() {
  lines_.erase(lines_.begin(), lines_.begin() + static_cast<std::ptrdiff_t>(before_checkpoint_));
  before_checkpoint_ = lines_.size();
}

std::string KeptLines::text() const {
  std::string text;
  for (const MetricsLine& line : lines_) text += to_json(line) + "\n";
  return text;
}

void KeptLines::restore(std::string_view text) {
  const std::vector<MetricsLine> lines = parse_metrics(text, "lines of another process");
  lines_.assign(lines.begin(), lines.end());
  before_checkpoint_ = 0;
}

std::string merged_lines(std::string_view content, const KeptLines& kept, int64_t rounds) {
  std::string merged;
  LastSteps last;
  int64_t newest = -1;
  const auto note = [&](const MetricsLine& line) {
    last.note(line);
    newest = std::max(newest, line.step);
  };
  for (size_t begin = 0, end = 0; (end = content.find('\n', begin)) != std::string_view::npos;
       begin = end + 1) {
    const std::string_view text = content.substr(begin, end + 1 - begin);
    try {
      const MetricsLine line = parse_metrics(text, "metrics.jsonl").at(0);
      if (line.round > rounds || !last.precede(line)) continue;
      note(line);
      merged += text;
    } catch (const DataError&) {
      break;  // its writer was lost here; the kept lines go on from the last whole one
    }
  }
  for (const MetricsLine& line : kept.lines()) {
    if (line.round > rounds || line.step < newest || !last.precede(line)) continue;
    note(line);
    merged += to_json(line) + "\n";
  }
  return merged;
}

}  // namespace muster::inline checkpoint
