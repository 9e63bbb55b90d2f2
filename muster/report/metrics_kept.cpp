#include "muster/report/metrics_kept.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/report/metrics_file.h"

namespace muster::inline report {

namespace {

bool exists(const std::string& path) {
  std::error_code problem;
  const auto status = std::filesystem::status(path, problem);
  if (status.type() == std::filesystem::file_type::not_found) return false;
  if (problem) throw FileError(fmt::format("cannot examine '{}': {}", path, problem.message()));
  return true;
}

/// The valid whole lines of a text of metrics whose steps neither fall nor exceed `last_step`.
std::string good_lines(std::string_view text, const std::string& path, int64_t last_step) {
  std::string good;
  int64_t step = -1;
  for (size_t begin = 0, end = 0; (end = text.find('\n', begin)) != std::string_view::npos; begin = end + 1) {
    const std::string_view whole = text.substr(begin, end + 1 - begin);
    std::vector<MetricsLine> lines;
    try {
      lines = parse_metrics(whole, path);
    } catch (const DataError&) {  // left out; the caller reports it
      continue;
    }
    const int64_t at = lines.front().step;  // a measurement may follow the round of its step
    if (at < step || at > last_step) continue;
    step = at;
    good += whole;
  }
  return good;
}

}  // namespace

KeptMetrics kept_metrics(const std::string& path, int64_t bytes, int64_t last_step) {
  const auto expected = static_cast<size_t>(std::max<int64_t>(0, bytes));
  const std::string content = exists(path) ? read_file(path) : "";
  const std::string_view remembered = std::string_view(content).substr(0, expected);
  KeptMetrics kept{good_lines(remembered, path, last_step), ""};
  if (kept.lines.size() == expected) return kept;
  kept.note = fmt::format(
      "'{}' was changed after the run wrote it: {} of the {} bytes that the checkpoint counts on are lines "
      "of "
      "metrics; continuing, with a gap in the curves",
      path, kept.lines.size(), bytes);
  if (kept.lines.size() == remembered.size()) return kept;
  const std::string aside = path + ".set-aside";
  write_file_atomically(aside, content);
  kept.note += fmt::format("; what was there is kept as '{}'", aside);
  return kept;
}

}  // namespace muster::inline report
