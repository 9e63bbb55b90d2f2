#include "muster/comm/state_exchange.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "muster/base/error.h"
#include "muster/flat/state_bytes.h"
#include "muster/flat/vector.h"

namespace muster::inline comm {

namespace {

/// No state is longer: a length beyond is no length.
constexpr int64_t most_bytes = int64_t{1} << 42;

/// The message that every rank sends to every other: its length first, so that all know what to expect.
std::vector<Vector> exchange(Communicator& group, const std::vector<Vector>& parts, Deadline deadline) {
  std::vector<Vector> lengths, expected, received;
  for (const Vector& part : parts) {
    lengths.push_back(uninitialised_vector(1, ElementType::int64));
    *lengths.back().data<int64_t>() = part.size();
    expected.push_back(uninitialised_vector(1, ElementType::int64));
  }
  group.start_exchange(lengths, expected)->wait(deadline);
  for (const Vector& length : expected) {
    const int64_t bytes = *length.data<int64_t>();
    if (bytes < 0 || bytes > most_bytes)
      throw Error("a peer announces a state of " + std::to_string(bytes) + " bytes: it is damaged");
    received.push_back(uninitialised_vector(bytes, ElementType::byte));
  }
  group.start_exchange(parts, received)->wait(deadline);
  return received;
}

std::vector<Vector> nothing_for_anybody(const Communicator& group) {
  return std::vector<Vector>(static_cast<size_t>(group.size()), uninitialised_vector(0, ElementType::byte));
}

}  // namespace

Vector pack(const State& state) {
  const StateBytes content = state_bytes(state);
  size_t bytes = 0;
  for (const std::string_view part : content.parts()) bytes += part.size();
  Vector message = uninitialised_vector(static_cast<int64_t>(bytes), ElementType::byte);
  auto* to = static_cast<char*>(message.host());
  for (const std::string_view part : content.parts()) to = std::copy(part.begin(), part.end(), to);
  return message;
}

State unpack(const Vector& message) {
  try {
    return state_from_bytes({static_cast<const char*>(message.host()), static_cast<size_t>(message.bytes())});
  } catch (const DataError& problem) {
    throw Error(std::string("a state received from a peer is damaged: ") + problem.what());
  }
}

Vector text_tensor(const std::string& text) {
  Vector tensor = uninitialised_vector(static_cast<int64_t>(text.size()), ElementType::byte);
  if (!text.empty()) std::memcpy(tensor.host(), text.data(), text.size());
  return tensor;
}

std::string tensor_text(const Vector& tensor) {
  return {static_cast<const char*>(tensor.host()), static_cast<size_t>(tensor.size())};
}

std::vector<State> gather_states(Communicator& group, const State& mine, int root, Deadline deadline) {
  std::vector<Vector> parts = nothing_for_anybody(group);
  parts[static_cast<size_t>(root)] = pack(mine);
  std::vector<State> states;
  for (const Vector& message : exchange(group, parts, deadline))
    if (group.rank() == root) states.push_back(unpack(message));
  return states;
}

State scatter_states(Communicator& group, const std::vector<State>& states, int root, Deadline deadline) {
  std::vector<Vector> parts = nothing_for_anybody(group);
  if (group.rank() == root)
    for (size_t rank = 0; rank < parts.size(); ++rank) parts[rank] = pack(states[rank]);
  return unpack(exchange(group, parts, deadline)[static_cast<size_t>(root)]);
}

}  // namespace muster::inline comm
