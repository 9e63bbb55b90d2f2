#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace muster::inline plan {

struct DeviceOptions {
  std::vector<double> seconds_per_step = {0.58, 0.75, 1.51, 3.33};  ///< of the devices in turn, each > 0
  int64_t workers = 4;  ///< worker w has device w modulo the number of devices
  double spread =
      0;  ///< async.speed_spread: standard deviation of the logarithm, drawn for each worker; 0: none
  uint64_t seed = 0;  ///< of the drawn speeds
  /// Throws OptionError.
  void validate() const;
};

/// Seconds per local step of every worker: its device's times the drawn factor.
std::vector<double> device_speeds(const DeviceOptions& options);

/// A change of speed, from a time on.
struct SpeedChange {
  double from = 0;              ///< seconds
  double seconds_per_step = 1;  ///< > 0
  bool operator==(const SpeedChange&) const = default;
};

/// How fast one worker is over time: `changes` in rising order, the first at 0.
class SpeedCurve {
 public:
  explicit SpeedCurve(double seconds_per_step) : changes_{{0, seconds_per_step}} {}
  /// REQUIRES: in rising order of time, after those before.
  void add(const SpeedChange& change);
  /// When `steps` local steps that begin at `time` end. When the speed changes during a step, its remaining
  /// part takes the new speed.
  double end_of(int64_t steps, double time) const;
  double seconds_per_step_at(double time) const;

 private:
  std::vector<SpeedChange> changes_;
};

/// One curve for each worker: the device's speed, replaced from the times in a trace on. A trace is text with
/// a line "worker,second,seconds_per_step" for each change, in rising order of time for each worker; empty
/// lines and lines that begin with # are left out. `source` names it in messages. Throws OptionError,
/// DataError.
std::vector<SpeedCurve> speed_curves(const DeviceOptions& options, std::string_view trace = {},
                                     const std::string& source = "");

/// A worker's absence; its open round is lost.
struct Outage {
  int64_t worker = 0;
  double from = 0;   ///< seconds, > 0
  double until = 0;  ///< seconds, > from; infinite: it does not return
  bool operator==(const Outage&) const = default;
};

/// Reads "3:100-250,1:400-": worker 3 is away from second 100 to 250, worker 1 from 400 on. Throws
/// OptionError (async.failures): another form, a worker outside 0 ... workers - 1, outages of one worker that
/// overlap.
std::vector<Outage> parse_outages(std::string_view text, int64_t workers);

}  // namespace muster::inline plan
