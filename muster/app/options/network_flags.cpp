#include "muster/app/options/network_flags.h"

#include "muster/base/error.h"
#include "muster/choice/value.h"

namespace muster::inline app {

std::optional<Network> network_of(const Arguments& arguments) {
  const auto bandwidth = arguments.flag("network"), latency = arguments.flag("latency");
  if (latency && !bandwidth)
    throw OptionError("--latency", shown(*latency), "needs --network as well, such as --network 1Gbit");
  if (!bandwidth) return std::nullopt;
  Network network;
  network.bits_per_second = parse_bandwidth(*bandwidth);
  if (latency) network.latency_seconds = parse_latency(*latency);
  return network;
}

}  // namespace muster::inline app
