#include "muster/flat/state.h"

#include "muster/base/error.h"

namespace muster::inline flat {

void State::insert(const std::string& prefix, const State& part) {
  numbers.insert(prefix, part.numbers);
  for (const auto& [name, tensor] : part.tensors) tensors[prefix + "." + name] = tensor;
}

State State::part_of(const std::string& prefix) const {
  const std::string start = prefix + ".";
  State part;
  part.numbers = numbers.part_of(prefix);
  for (auto at = tensors.lower_bound(start); at != tensors.end() && at->first.starts_with(start); ++at)
    part.tensors[at->first.substr(start.size())] = at->second;
  return part;
}

void State::copy_into(const std::string& name, const Vector& like) const {
  const auto found = tensors.find(name);
  if (found == tensors.end()) throw CheckpointError("state lacks the tensor '" + name + "'");
  const ShapedVector& stored = found->second;
  if (stored.shape.size() != 1 || !same_form(stored.values, like))
    throw CheckpointError("state holds the tensor '" + name + "' in another shape or type");
  like.copy_from(stored.values);
}

}  // namespace muster::inline flat
