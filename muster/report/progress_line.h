#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

namespace muster::inline report {

/// The content of the progress line. Unknown values are left out.
struct ProgressView {
  int64_t step = 0;  ///< steps done
  int64_t total_steps = 0;
  int64_t round = 0;                         ///< rounds ended
  std::optional<int64_t> period;             ///< steps of the present round
  std::optional<double> loss;                ///< training loss, recent mean
  std::optional<double> accuracy;            ///< of the averaged model, newest, 0 to 1
  std::optional<double> samples_per_second;  ///< all workers
  std::optional<double> seconds_left;
};

/// "step 1,200/9,711 (12%)  round 87  period 16  loss 1.234  accuracy 81.2%  1,598 samples/s  3:21 left".
/// With a `width` (characters, 0: no limit) a bar precedes it, and parts that do not fit are left out, the
/// least important first; share and time left are left out last.
std::string format_progress(const ProgressView& view, int width = 0);

/// The view of a line that format_progress() made without a width; nothing for any other line.
std::optional<ProgressView> parse_progress(std::string_view line);

struct ProgressOptions {
  bool terminal = false;         ///< one line, overwritten; otherwise a new line each time
  int width = 0;                 ///< columns of the terminal, 0: no limit
  double every_seconds = 10;     ///< least time between two lines (0.2 suits a terminal)
  int64_t samples_per_step = 0;  ///< of all workers together
  bool colour = false;           ///< of the bar
  std::string label;             ///< stands before the line
  int descriptor = -1;           ///< a terminal whose width is read for each line; -1: `width` is used
};

/// For a stream: one overwritten line on a terminal that can do it, else a line every 5 s.
ProgressOptions progress_options(int descriptor, int64_t samples_per_step = 0);

/// Shows progress on a stream, at most every every_seconds. Computes speed and time left from the steps and
/// times that it is given, smoothed over about 10 s.
class ProgressLine {
 public:
  /// `out` is borrowed.
  ProgressLine(std::ostream& out, ProgressOptions options);

  /// Whether show() at this moment (seconds, any monotonic clock) would print; the first call always does.
  bool due(double now) const;
  /// Prints when due. `samples_per_second` and `seconds_left` of the view are filled in here. `force` prints
  /// anyway.
  void show(ProgressView view, double now, bool force = false);
  /// Ends the live line, so that other output starts on a new one.
  void end();

 private:
  void measure(int64_t step, double now);
  std::string live(const ProgressView& view);

  std::ostream& out_;
  ProgressOptions options_;
  std::optional<double> last_time_;
  int64_t last_step_ = 0;
  std::optional<double> steps_per_second_;
  bool line_open_ = false;
};

}  // namespace muster::inline report
