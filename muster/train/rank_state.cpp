#include "muster/train/rank_state.h"

#include <algorithm>
#include <optional>
#include <string>
#include <variant>

namespace muster::inline train {

namespace {

/// The number in a name such as "method.worker3.parameters"; nothing where it names no worker.
std::optional<int64_t> worker_in(const std::string& name) {
  for (const std::string prefix : {"method.worker", "method.codec.worker."})
    if (name.starts_with(prefix)) return std::stoll(name.substr(prefix.size()));
  return std::nullopt;
}

/// The same name with another worker's number.
std::string with_worker(const std::string& name, int64_t worker) {
  const size_t first = name.find_first_of("0123456789"), last = name.find_first_not_of("0123456789", first);
  return name.substr(0, first) + std::to_string(worker) +
         (last == std::string::npos ? "" : name.substr(last));
}

}  // namespace

State part_for_rank(const State& whole, int64_t hosted, int rank) {
  int64_t workers = 0;
  for (const auto& [name, value] : whole.numbers.values())
    workers = std::max(workers, worker_in(name).value_or(-1) + 1);
  for (const auto& [name, tensor] : whole.tensors)
    workers = std::max(workers, worker_in(name).value_or(-1) + 1);
  State part;
  const auto each_name = [&](const std::string& name, const auto& keep) {
    const auto stored = worker_in(name);
    if (!stored) return keep(name);
    for (int64_t worker = rank * hosted; worker < (rank + 1) * hosted; ++worker)
      if (worker % workers == *stored) keep(with_worker(name, worker));
  };
  for (const auto& [name, value] : whole.numbers.values())
    each_name(name, [&, &held = value](const std::string& as) {
      std::visit([&](auto number) { part.numbers.set(as, number); }, held);
    });
  for (const auto& [name, tensor] : whole.tensors)
    each_name(name, [&, &held = tensor](const std::string& as) { part.tensors[as] = held; });
  return part;
}

}  // namespace muster::inline train
