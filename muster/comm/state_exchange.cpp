#include "muster/comm/state_exchange.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "muster/base/error.h"
#include "muster/flat/state_bytes.h"

namespace muster {

namespace {

/// No state is longer: a length beyond is no length.
constexpr int64_t most_bytes = int64_t{1} << 42;

/// The message that every rank sends to every other: its length first, so that all know what to expect.
std::vector<at::Tensor> exchange(Communicator& group, const std::vector<at::Tensor>& parts,
                                 Deadline deadline) {
  std::vector<at::Tensor> lengths, expected, received;
  for (const at::Tensor& part : parts) {
    lengths.push_back(at::empty({1}, at::kLong));
    *lengths.back().data_ptr<int64_t>() = part.numel();
    expected.push_back(at::empty({1}, at::kLong));
  }
  group.start_exchange(lengths, expected)->wait(deadline);
  for (const at::Tensor& length : expected) {
    const int64_t bytes = *length.data_ptr<int64_t>();
    if (bytes < 0 || bytes > most_bytes)
      throw Error("a peer announces a state of " + std::to_string(bytes) + " bytes: it is damaged");
    received.push_back(at::empty({bytes}, at::kByte));
  }
  group.start_exchange(parts, received)->wait(deadline);
  return received;
}

std::vector<at::Tensor> nothing_for_anybody(const Communicator& group) {
  return std::vector<at::Tensor>(static_cast<size_t>(group.size()), at::empty({0}, at::kByte));
}

}  // namespace

at::Tensor pack(const State& state) {
  const StateBytes content = state_bytes(state);
  size_t bytes = 0;
  for (const std::string_view part : content.parts()) bytes += part.size();
  at::Tensor message = at::empty({static_cast<int64_t>(bytes)}, at::kByte);
  auto* to = static_cast<char*>(message.data_ptr());
  for (const std::string_view part : content.parts()) to = std::copy(part.begin(), part.end(), to);
  return message;
}

State unpack(const at::Tensor& message) {
  try {
    return state_from_bytes({static_cast<const char*>(message.data_ptr()), message.nbytes()});
  } catch (const DataError& problem) {
    throw Error(std::string("a state received from a peer is damaged: ") + problem.what());
  }
}

at::Tensor text_tensor(const std::string& text) {
  at::Tensor tensor = at::empty({static_cast<int64_t>(text.size())}, at::kByte);
  if (!text.empty()) std::memcpy(tensor.data_ptr(), text.data(), text.size());
  return tensor;
}

std::string tensor_text(const at::Tensor& tensor) {
  return {static_cast<const char*>(tensor.data_ptr()), static_cast<size_t>(tensor.numel())};
}

std::vector<State> gather_states(Communicator& group, const State& mine, int root, Deadline deadline) {
  std::vector<at::Tensor> parts = nothing_for_anybody(group);
  parts[static_cast<size_t>(root)] = pack(mine);
  std::vector<State> states;
  for (const at::Tensor& message : exchange(group, parts, deadline))
    if (group.rank() == root) states.push_back(unpack(message));
  return states;
}

State scatter_states(Communicator& group, const std::vector<State>& states, int root, Deadline deadline) {
  std::vector<at::Tensor> parts = nothing_for_anybody(group);
  if (group.rank() == root)
    for (size_t rank = 0; rank < parts.size(); ++rank) parts[rank] = pack(states[rank]);
  return unpack(exchange(group, parts, deadline)[static_cast<size_t>(root)]);
}

}  // namespace muster
