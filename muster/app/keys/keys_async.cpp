#include "muster/app/keys/catalogue.h"
#include "muster/app/keys/keys.h"

namespace muster::inline app {

namespace {

template <class T>
Key async(const char* name, T AsyncSection::*member) {
  return make_key(std::string("async.") + name, &Configuration::async, member);
}

std::vector<Key> weight_keys() {
  return {
      async("weight", &AsyncSection::weight)
          .says("What a fresh contribution is multiplied by before the outer step.")
          .absent("sqrt(workers) / workers; 1 for buffer, delayed_nesterov and adam")
          .above(0),
      async("staleness_power", &AsyncSection::staleness_power)
          .says("A contribution weighs (1 + staleness) to the minus so much; staleness: versions of the "
                "server since its start.")
          .at_least(0),
      async("staleness_threshold", &AsyncSection::staleness_threshold)
          .says("Staler contributions are dropped.")
          .in("versions")
          .absent("none are")
          .at_least(0),
      async("delay_compensation", &AsyncSection::delay_compensation)
          .says("Lambda of g + lambda g g (parameters now - at the start); 0: no compensation.")
          .at_least(0),
      async("max_norm", &AsyncSection::max_norm)
          .says(
              "Contributions with a larger norm are dropped and counted; 0: no limit. What is not finite is "
              "always dropped.")
          .at_least(0),
      async("outlier", &AsyncSection::outlier)
          .says("What becomes of a contribution whose norm is more than 100 times the median of the last 63 "
                "that were counted (once there are 7): counted with a warning, dropped, or counted.")
          .one_of({"warn", "refuse", "accept"}),
  };
}

}  // namespace

std::vector<Key> async_outer_keys(const Kinds& kinds) {
  std::vector<Key> keys = keys_of_family(kinds.async_outer_optimizers, &Configuration::async,
                                         &AsyncSection::outer, &AsyncSection::outer_values);
  for (Key& key : weight_keys()) keys.push_back(std::move(key));
  return keys;
}

std::vector<Key> async_dispatch_keys() {
  return {
      async("local_steps", &AsyncSection::local_steps)
          .says("Length of a round; with async.dynamic_local_updates that of the fastest worker.")
          .in("steps")
          .at_least(1)
          .at_most(1e9),
      async("dynamic_local_updates", &AsyncSection::dynamic_local_updates)
          .says("Slower workers get fewer steps in a round, in proportion to their speed."),
      async("speed_quantile", &AsyncSection::speed_quantile)
          .says("The worker whose round has async.local_steps steps: 1 is the fastest; a smaller number is "
                "the quantile of the workers' speeds.")
          .above(0)
          .at_most(1),
      async("measure_speeds", &AsyncSection::measure_speeds)
          .says("The server does not know in advance how fast a worker is; it measures each round."),
      async("grace", &AsyncSection::grace)
          .says("How long the server waits for others after the first worker has finished, so that all of "
                "them start together from the same parameters.")
          .in("seconds")
          .at_least(0),
      async("shards", &AsyncSection::shards)
          .says("Parts of the training data, each with its own order and learning-rate clock.")
          .absent("as many as there are workers")
          .at_least(1)
          .at_most(65536),
      async("shard_sampling", &AsyncSection::shard_sampling)
          .says("The shard of a worker's next round: drawn by progress (those behind more often), uniformly "
                "among the least visited, or always the worker's own.")
          .one_of({"progress", "least_visited", "fixed"}),
      async("reset_optimizer", &AsyncSection::reset_optimizer)
          .says("A worker's inner optimizer is reset in every round; false: its state stays with it."),
      async("first_step_at_peak", &AsyncSection::first_step_at_peak)
          .says("The first step of every round takes learning_rate.peak, as in the paper's notebook, whose "
                "scheduler starts a step late. For comparison with its numbers."),
  };
}

std::vector<Key> async_virtual_keys() {
  return {
      async("seconds_per_step", &AsyncSection::seconds_per_step)
          .says("How long a local step takes on each device. There are as many workers as numbers; with "
                "run.workers, the workers get these devices in turn.")
          .in("seconds")
          .above(0),
      async("speed_spread", &AsyncSection::speed_spread)
          .says("Varies every worker's speed around that of its device: standard deviation of the logarithm.")
          .at_least(0)
          .at_most(10),
      async("speed_trace", &AsyncSection::speed_trace)
          .says("A file of changes of speed, with lines worker,second,seconds_per_step.")
          .absent("none: speeds stay as they are"),
      async("failures", &AsyncSection::failures)
          .says("Which worker is away and when, as worker:from-until in seconds: 3:100-250,1:400- (1 does "
                "not come back). An unfinished round is lost.")
          .absent("none"),
      async("bandwidth", &AsyncSection::bandwidth)
          .says("Bandwidth of each worker's link to the server, in each direction.")
          .in("Mbit/s")
          .absent("messages take no time but async.latency")
          .above(0),
      async("latency", &AsyncSection::latency)
          .says("Time that a message takes before its first byte.")
          .in("seconds")
          .at_least(0),
      async("message_bytes", &AsyncSection::message_bytes)
          .says("Size of the parameters, and of a contribution.")
          .in("bytes")
          .absent("as the model's vector; without training 0")
          .at_least(0),
      async("train_samples", &AsyncSection::train_samples)
          .says("Training samples that an evaluation scores besides the held-out ones.")
          .in("samples")
          .absent("all, at most 10000")
          .at_least(1)
          .at_most(1e8),
      async("record", &AsyncSection::record)
          .says("Write every event of the server to this file; muster simulate --replay reads it.")
          .absent("no record"),
  };
}

}  // namespace muster::inline app
