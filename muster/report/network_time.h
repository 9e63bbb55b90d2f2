#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace muster::inline report {

/// The network between the workers' machines: what one link carries in each direction, and what a message
/// costs before its first byte arrives.
struct Network {
  double bits_per_second = 1e9;
  double latency_seconds = 100e-6;
  bool operator==(const Network&) const = default;
};

/// "100Mbit", "1Gbit", "2.5Gbit/s": Kbit, Mbit and Gbit are 10^3, 10^6 and 10^9 bits a second. Throws
/// OptionError ("--network").
double parse_bandwidth(std::string_view text);
/// "100us", "0.2ms", "1s". Throws OptionError ("--latency").
double parse_latency(std::string_view text);
/// "1 Gbit/s and 100 µs".
std::string describe(const Network& network);

/// The measured cost of one run.
struct MeasuredWork {
  double steps = 0;    ///< local steps of each worker
  double workers = 1;  ///< all in one process
  double threads = 1;  ///< shared by the workers
  double rounds = 0;
  double bytes_per_worker = 0;  ///< of one worker's messages over all meetings
  double compute_seconds = 0;   ///< mean over the threads
  double data_seconds = 0;      ///< mean over the threads
};

struct PredictedTime {
  double compute = 0;        ///< seconds, making batches included
  double communication = 0;  ///< seconds
  double total() const { return compute + communication; }
};

/// Seconds of one thread for one step of one worker:
///     (compute_seconds + data_seconds) * threads / (steps * workers)
/// 0 where there were no steps.
double step_seconds(const MeasuredWork& work);

/// Seconds in which n workers average vectors of `bytes` bytes: the ring all-reduce, which sends the fewest
/// bytes,
///     2 (n - 1) / n * 8 * bytes / bits_per_second + 2 (n - 1) * latency
/// (Patarasuk and Yuan, "Bandwidth optimal all-reduce algorithms for clusters of workstations", J. Parallel
/// Distrib. Comput. 69(2), 2009, in the model of Thakur, Rabenseifner and Gropp, 2005, without the time of
/// additions).
double all_reduce_seconds(const Network& network, double workers, double bytes);

/// Training time if every worker had a machine of its own as fast as one thread here:
///     steps * per_step + rounds * all_reduce_seconds(bytes_per_worker / rounds)
/// with `per_step` seconds for each step, such as step_seconds(work). No waiting for slower machines, no
/// overlap, no evaluation and no checkpoints: a first estimate, mainly to see which part dominates.
PredictedTime predict_time(const MeasuredWork& work, double per_step, const Network& network);

}  // namespace muster::inline report
