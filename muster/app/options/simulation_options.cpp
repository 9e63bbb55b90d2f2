#include "muster/app/options/simulation_options.h"

#include <map>
#include <string>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/file.h"

namespace muster::inline app {

namespace {

constexpr double bytes_of_megabit = 1e6 / 8;

DeviceOptions device_options(const Configuration& configuration) {
  return {.seconds_per_step = configuration.async.seconds_per_step,
          .workers = *configuration.run.workers,
          .spread = configuration.async.speed_spread,
          .seed = static_cast<uint64_t>(configuration.run.seed)};
}

ShardRule shard_rule(const std::string& word) {
  static const std::map<std::string, ShardRule> rules = {{"progress", ShardRule::progress},
                                                         {"least_visited", ShardRule::least_visited},
                                                         {"fixed", ShardRule::fixed}};
  const auto found = rules.find(word);
  invariant(found != rules.end(), "the table of keys allows a rule of shard sampling that nobody knows");
  return found->second;
}

}  // namespace

SimulationOptions simulation_options(const Configuration& configuration, double message_bytes,
                                     std::vector<int64_t> shard_sizes) {
  const AsyncSection& async = configuration.async;
  invariant(async.shards && configuration.run.steps, "an unresolved asynchronous run");
  SimulationOptions options;
  options.devices = device_options(configuration);
  options.outages = parse_outages(async.failures.value_or(""), *configuration.run.workers);
  options.link.latency = async.latency;
  options.link.bytes_per_second = async.bandwidth.value_or(0) * bytes_of_megabit;
  options.link.message_bytes =
      async.message_bytes ? static_cast<double>(*async.message_bytes) : message_bytes;
  options.dispatch.local_steps = {async.local_steps, async.dynamic_local_updates, async.speed_quantile};
  options.dispatch.grace = async.grace;
  options.dispatch.seed = static_cast<uint64_t>(configuration.run.seed);
  if (shard_sizes.empty()) shard_sizes.assign(static_cast<size_t>(*async.shards), 1);
  options.dispatch.sampling = {shard_rule(async.shard_sampling), std::move(shard_sizes)};
  options.weight = {async.weight.value_or(1), async.staleness_power, async.staleness_threshold};
  options.total_steps = *configuration.run.steps;
  options.evaluate_every = configuration.evaluation.every.value_or(0);
  options.speeds_known = !async.measure_speeds;
  return options;
}

std::vector<SpeedCurve> simulated_speeds(const Configuration& configuration) {
  const auto& trace = configuration.async.speed_trace;
  return speed_curves(device_options(configuration), trace ? read_file(*trace) : std::string(),
                      trace.value_or(""));
}

}  // namespace muster::inline app
