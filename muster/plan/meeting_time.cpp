#include "muster/plan/meeting_time.h"

#include <cmath>

#include "muster/base/error.h"
#include "muster/base/format.h"

namespace muster::inline plan {

void MeetingCost::validate() const {
  if (!(bits_per_second > 0))
    throw OptionError("--network", format_number(bits_per_second), "must be above 0 bits a second");
  if (!(latency_seconds >= 0) || !std::isfinite(latency_seconds))
    throw OptionError("--latency", format_number(latency_seconds), "must be seconds of at least 0");
  if (!(message_seconds >= 0) || !std::isfinite(message_seconds))
    throw OptionError("--message-time", format_number(message_seconds), "must be seconds of at least 0");
}

double host_bytes(const HostGroup& group, double bytes) {
  if (group.hosts < 2) return 0;
  const auto hosts = static_cast<double>(group.hosts);
  const double share = 2 * (hosts - 1) / hosts * bytes;
  return group.gathered ? share : share * static_cast<double>(group.workers_per_host);
}

MeetingTime meeting_time(const MeetingCost& cost, const HostGroup& group, double bytes, bool gradients) {
  constexpr double trips = 3;  // lengths, parts, sums
  MeetingTime time;
  if (group.workers() > 1) time.fixed = gradients ? cost.gradient_seconds : cost.fixed_seconds;
  if (group.hosts < 2) return time;
  const double ranks = group.gathered ? 1 : static_cast<double>(group.workers_per_host);
  const auto others = static_cast<double>(group.hosts - 1) * ranks;
  time.latency = trips * (cost.latency_seconds + others * ranks * cost.message_seconds);
  time.bandwidth = 8 * host_bytes(group, bytes) / cost.bits_per_second;
  return time;
}

}  // namespace muster::inline plan
