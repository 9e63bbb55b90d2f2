#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace muster::inline app {

/// Follows an elastic run from outside: through the last line of its metrics.jsonl, and through the output of
/// its ranks and launcher.
class RunWatch {
 public:
  /// `folder`: the run's; `processes`: their number at its start.
  RunWatch(const std::string& folder, int processes);

  /// Takes one line of output: "generation 3: 2 of 4 processes continue from step 80", "...; the run
  /// continues with 3 of 4 processes", or a finding of run.verify; ignores any other.
  void take_line(std::string_view line);
  /// Reads the last line of metrics.jsonl if the file has changed.
  void look();

  int64_t round() const { return round_; }                     ///< meetings recorded, 0 before the first
  int64_t step() const { return step_; }                       ///< steps done at the last of them
  double round_seconds() const { return round_seconds_; }      ///< duration of the last round
  double meeting_seconds() const { return meeting_seconds_; }  ///< duration of its meeting, waiting included
  int64_t generation() const { return generation_; }
  int present() const { return present_; }  ///< processes in the newest generation
  int left() const { return left_; }        ///< processes that run or can be restarted
  const std::vector<std::string>& differences() const { return differences_; }

 private:
  void take(std::string_view line);

  std::string path_;
  off_t size_ = -1;
  int64_t round_ = 0, step_ = 0;
  double wall_seconds_ = 0, round_seconds_ = 0, meeting_seconds_ = 0;
  int64_t generation_ = 0;
  int present_, left_;
  std::vector<std::string> differences_;
};

}  // namespace muster::inline app
