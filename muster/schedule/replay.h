#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace muster::inline schedule {

/// The measurements of a finished run at its meetings, for previewing a schedule that depends on them.
///
/// Every record belongs to the last step of its round (0-based). For a round that ends with step e, the
/// functions return the value of the record whose step is nearest to e (of two equally near, the earlier),
/// among the records that hold that value. Under the recorded schedule this repeats the run bit for bit;
/// under another one it is an estimate, because divergence depends on the length of the round before it.
class Replay {
 public:
  struct Record {
    int64_t last_step = 0;  ///< first step of the round + its steps - 1
    std::optional<double> divergence{};
    std::optional<double> round_loss{};
  };

  /// In any order.
  explicit Replay(const std::vector<Record>& records);

  /// Nothing when no record holds the value.
  std::optional<double> divergence(int64_t last_step) const { return nearest(divergences_, last_step); }
  std::optional<double> round_loss(int64_t last_step) const { return nearest(losses_, last_step); }

 private:
  using Series = std::vector<std::pair<int64_t, double>>;  // by rising step
  static std::optional<double> nearest(const Series& series, int64_t step);

  Series divergences_;
  Series losses_;
};

}  // namespace muster::inline schedule
