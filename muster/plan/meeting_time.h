#pragma once

#include <cstdint>

namespace muster::inline plan {

/// The hosts of a run. A host holds `workers_per_host` workers, which share its one link.
struct HostGroup {
  int64_t hosts = 1;
  int64_t workers_per_host = 1;
  /// true: the workers of a host first reduce to one vector (workers of one process, or groups of processes,
  /// comm.group_size); false: each sends its own over the link.
  bool gathered = true;
  int64_t workers() const { return hosts * workers_per_host; }
};

/// What a meeting costs.
struct MeetingCost {
  double bits_per_second = 1e9;     ///< of a host's link, each direction; infinite: no limit
  double latency_seconds = 100e-6;  ///< before the first byte of a message arrives
  double message_seconds = 5e-6;    ///< a host's processing time for each message
  double fixed_seconds = 0;         ///< of a meeting of parameters, whatever the network
  double gradient_seconds = 0;      ///< of a meeting of gradients, likewise
  /// Throws OptionError (--network, --latency, --message-time).
  void validate() const;
};

/// Seconds of one meeting by part.
struct MeetingTime {
  double fixed = 0;
  double latency = 0;
  double bandwidth = 0;
  double total() const { return fixed + latency + bandwidth; }
};

/// Bytes that one host sends (and receives) in a meeting of `bytes` for each worker: N ranks cut the vector
/// into N parts, rank r receives part r of all others, adds, and sends its sum to all others
/// (comm/collectives; Thakur, Rabenseifner, Gropp, 2005):
///     gathered:  2 (M - 1) / M bytes      M hosts, the volume of a ring
///     else:      g 2 (N - g) / N bytes    g workers a host, N = g M: only what leaves the host
double host_bytes(const HostGroup& group, double bytes);

/// Messages are sent concurrently, so that latency counts once for each of the three exchanges (lengths,
/// parts, sums); every message costs the host message_seconds:
///     3 latency + 3 (M - 1) message_seconds + 8 host_bytes / bits_per_second + fixed
/// With one host only the fixed part is left.
MeetingTime meeting_time(const MeetingCost& cost, const HostGroup& group, double bytes, bool gradients);

}  // namespace muster::inline plan
