#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

/// How far an elastic run is, as one can see from outside: by the last line of its metrics.jsonl, and by what
/// its ranks and its launcher say.
class RunWatch {
 public:
  /// `folder`: of the run; `processes`: that it begins with.
  RunWatch(const std::string& folder, int processes);

  /// "generation 3: 2 of 4 processes continue from step 80", "...; the run continues with 3 of 4 processes",
  /// and what run.verify finds; anything else is passed over.
  void hear(std::string_view line);
  /// Reads the file's last line if the file has changed.
  void look();

  int64_t round() const { return round_; }                     ///< meetings written down, 0 before the first
  int64_t step() const { return step_; }                       ///< steps done at the last of them
  double round_seconds() const { return round_seconds_; }      ///< that the last round took
  double meeting_seconds() const { return meeting_seconds_; }  ///< and its meeting, with the waiting
  int64_t generation() const { return generation_; }
  int present() const { return present_; }  ///< processes of that generation
  int left() const { return left_; }        ///< processes that the run has or can have again
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

}  // namespace muster
