#include "muster/app/processes/watched_child.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>

#include "muster/app/processes/child_pool.h"
#include "muster/app/processes/child_start.h"
#include "muster/base/error.h"
#include "muster/base/stopwatch.h"
#include "muster/base/terminal.h"
#include "muster/report/progress_line.h"

namespace muster::inline app {

namespace {

constexpr std::streamoff tail_bytes = 16384;

/// The last lines of a file; none where it is not there (yet).
std::vector<std::string> last_lines(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const std::streamoff size = file.tellg();
  if (size <= 0) return {};
  file.seekg(std::max<std::streamoff>(0, size - tail_bytes));
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::optional<ProgressView> newest_progress(const std::string& log) {
  const std::vector<std::string> lines = last_lines(log);
  for (auto line = lines.rbegin(); line != lines.rend(); ++line)
    if (const auto view = parse_progress(*line)) return view;
  return std::nullopt;
}

/// The line on a terminal, which is gone when the run has ended.
class LiveLine {
 public:
  explicit LiveLine(const std::string& label)
      : live_(is_live_terminal(STDERR_FILENO)), options_(options(label)) {}
  ~LiveLine() {
    if (live_ && step_ >= 0) std::cerr << "\r\x1b[K" << std::flush;
  }
  LiveLine(const LiveLine&) = delete;
  LiveLine& operator=(const LiveLine&) = delete;

  void show(const std::optional<ProgressView>& view) {
    if (!live_ || !view || view->step == step_) return;
    step_ = view->step;
    line_.show(*view, watch_.seconds());
  }

 private:
  static ProgressOptions options(const std::string& label) {
    ProgressOptions options = progress_options(STDERR_FILENO);
    options.label = label;
    return options;
  }

  bool live_;
  ProgressOptions options_;
  ProgressLine line_{std::cerr, options_};
  Stopwatch watch_;
  int64_t step_ = -1;
};

}  // namespace

int run_watched(const std::vector<std::string>& command, const std::string& log, const std::string& label,
                HeldSignals& signals) {
  ChildPool pool(signals);
  pool.start(0, command, "", log);
  LiveLine live(label);
  while (true) {
    const auto ended = pool.wait(0.5);
    if (ended && ended->code == exit_not_started)
      throw Error(fmt::format("cannot start {}", command.front()));
    if (ended) return ended->code;
    if (const int signal = signals.asked_to_stop()) {
      pool.stop();
      return 128 + signal;
    }
    live.show(newest_progress(log));
  }
}

std::vector<std::string> last_words(const std::string& log, size_t most) {
  std::vector<std::string> words = last_lines(log);
  std::erase_if(words, [](const std::string& line) { return parse_progress(line).has_value(); });
  if (words.size() > most) words.erase(words.begin(), words.end() - static_cast<std::ptrdiff_t>(most));
  return words;
}

}  // namespace muster::inline app
