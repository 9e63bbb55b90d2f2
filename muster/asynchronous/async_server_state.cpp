#include <string>

#include "muster/asynchronous/async_server.h"
#include "muster/flat/vector.h"

namespace muster {

namespace {

Numbers numbers_of(const ServerCounts& counts) {
  Numbers numbers;
  for (int i = 0; i < verdicts; ++i)
    numbers.set(std::string(word_of(static_cast<Verdict>(i))), counts.contributions[static_cast<size_t>(i)]);
  numbers.set("tokens", counts.tokens);
  numbers.set("joined", counts.joined);
  numbers.set("left", counts.left);
  numbers.set("releases", counts.releases);
  numbers.set("staleness_sum", counts.staleness_sum);
  numbers.set("staleness_max", counts.staleness_max);
  numbers.set("staleness", static_cast<int64_t>(counts.staleness.size()));
  for (size_t i = 0; i < counts.staleness.size(); ++i)
    numbers.set("staleness" + std::to_string(i), counts.staleness[i]);
  return numbers;
}

ServerCounts counts_of(const Numbers& numbers) {
  ServerCounts counts;
  for (int i = 0; i < verdicts; ++i)
    counts.contributions[static_cast<size_t>(i)] = numbers.integer(word_of(static_cast<Verdict>(i)));
  counts.tokens = numbers.integer("tokens");
  counts.joined = numbers.integer("joined");
  counts.left = numbers.integer("left");
  counts.releases = numbers.integer("releases");
  counts.staleness_sum = numbers.integer("staleness_sum");
  counts.staleness_max = numbers.integer("staleness_max");
  counts.staleness.resize(static_cast<size_t>(numbers.integer("staleness")));
  for (size_t i = 0; i < counts.staleness.size(); ++i)
    counts.staleness[i] = numbers.integer("staleness" + std::to_string(i));
  return counts;
}

}  // namespace

State AsyncServer::state() const {
  State state;
  state.tensors["parameters"] = parameters_;
  state.numbers.set("version", version_);
  state.numbers.insert("counts", numbers_of(counts_));
  state.numbers.insert("dispatcher", parts_.dispatcher->state());
  state.insert("outer", parts_.outer->state());
  for (const auto& [worker, start] : starts_) state.tensors["start" + std::to_string(worker)] = start;
  state.numbers.insert("lost", lost_rounds_.state());
  state.numbers.insert("norms", norms_.state());
  return state;
}

void AsyncServer::restore(const State& state) {
  state.copy_into("parameters", parameters_);
  version_ = state.numbers.integer("version");
  counts_ = counts_of(state.numbers.part_of("counts"));
  parts_.dispatcher->restore(state.numbers.part_of("dispatcher"));
  parts_.outer->restore(state.part_of("outer"));
  last_start_ = Vector();
  last_start_version_ = -1;
  starts_.clear();
  for (const int64_t worker : parts_.dispatcher->members()) {
    const std::string name = "start" + std::to_string(worker);
    if (state.tensors.count(name) == 0) continue;
    starts_[worker] = flat_vector(parameters_.size(), parameters_.type());
    state.copy_into(name, starts_[worker]);
  }
  lost_rounds_.restore(state.numbers.part_of("lost"));
  norms_.restore(state.numbers.part_of("norms"));
}

}  // namespace muster
