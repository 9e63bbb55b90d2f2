#include "muster/comm/state_exchange.h"

#include <ATen/ops/empty.h>

#include <cstring>
#include <string>
#include <variant>

#include "muster/base/error.h"

namespace muster {

namespace {

/// No state is longer: a length beyond is no length.
constexpr int64_t most_bytes = int64_t{1} << 42;

/// Writes into a message, or only counts its bytes where there is none yet.
class Writer {
 public:
  explicit Writer(char* to) : to_(to) {}
  void bytes(const void* from, size_t count) {
    if (to_ && count > 0) std::memcpy(to_ + written_, from, count);
    written_ += count;
  }
  void number(int64_t value) { bytes(&value, sizeof value); }
  void text(const std::string& text) {
    number(static_cast<int64_t>(text.size()));
    bytes(text.data(), text.size());
  }
  size_t written() const { return written_; }

 private:
  char* to_;
  size_t written_ = 0;
};

void write(const State& state, Writer& writer) {
  writer.number(static_cast<int64_t>(state.numbers.values().size()));
  for (const auto& [name, value] : state.numbers.values()) {
    writer.text(name);
    writer.number(static_cast<int64_t>(value.index()));
    std::visit([&](auto number) { writer.bytes(&number, sizeof number); }, value);
  }
  writer.number(static_cast<int64_t>(state.tensors.size()));
  for (const auto& [name, tensor] : state.tensors) {
    invariant(tensor.is_contiguous() && tensor.is_cpu(), "a state's tensors are dense and on the CPU");
    writer.text(name);
    writer.number(static_cast<int64_t>(tensor.scalar_type()));
    writer.number(tensor.dim());
    for (const int64_t size : tensor.sizes()) writer.number(size);
    writer.bytes(tensor.data_ptr(), tensor.nbytes());
  }
}

class Reader {
 public:
  explicit Reader(const at::Tensor& message)
      : at_(static_cast<const char*>(message.data_ptr())), end_(at_ + message.nbytes()) {}

  void bytes(void* to, size_t count) {
    if (static_cast<size_t>(end_ - at_) < count) throw Error("a state received from a peer is cut off");
    if (count > 0) std::memcpy(to, at_, count);
    at_ += count;
  }
  template <class T = int64_t>
  T number() {
    T value;
    bytes(&value, sizeof value);
    return value;
  }
  /// A length: what follows must still be there.
  size_t count() {
    const int64_t value = number();
    if (value < 0 || value > end_ - at_) throw Error("a state received from a peer is damaged");
    return static_cast<size_t>(value);
  }
  std::string text() {
    std::string text(count(), '\0');
    bytes(text.data(), text.size());
    return text;
  }
  int64_t left() const { return end_ - at_; }
  bool done() const { return at_ == end_; }

 private:
  const char *at_, *end_;
};

constexpr size_t most_dimensions = 64;

/// The types that a state holds; others of ATen's cannot be made by at::empty, or have no values of their
/// own.
bool is_plain(int64_t type) {
  for (const at::ScalarType known : {at::kByte, at::kChar, at::kShort, at::kInt, at::kLong, at::kHalf,
                                     at::kFloat, at::kDouble, at::kBool, at::kBFloat16})
    if (type == static_cast<int64_t>(known)) return true;
  return false;
}

// Nothing is allocated that the message could not fill.
at::Tensor read_tensor(Reader& reader) {
  const int64_t type = reader.number();
  const size_t dimensions = reader.count();
  if (!is_plain(type) || dimensions > most_dimensions) throw Error("a state received from a peer is damaged");
  std::vector<int64_t> sizes(dimensions);
  const auto element = static_cast<int64_t>(c10::elementSize(static_cast<at::ScalarType>(type)));
  int64_t bytes = element;
  bool empty = false;
  for (int64_t& size : sizes) {
    size = reader.number();
    empty = empty || size == 0;
    if (size < 0 || (size > 0 && __builtin_mul_overflow(bytes, size, &bytes)))
      throw Error("a state received from a peer is damaged");
  }
  if (!empty && bytes > reader.left()) throw Error("a state received from a peer is cut off");
  at::Tensor tensor = at::empty(sizes, at::TensorOptions(static_cast<at::ScalarType>(type)));
  reader.bytes(tensor.data_ptr(), tensor.nbytes());
  return tensor;
}

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
  Writer counter(nullptr);
  write(state, counter);
  at::Tensor message = at::empty({static_cast<int64_t>(counter.written())}, at::kByte);
  Writer writer(static_cast<char*>(message.data_ptr()));
  write(state, writer);
  return message;
}

State unpack(const at::Tensor& message) {
  Reader reader(message);
  State state;
  for (size_t left = reader.count(); left > 0; --left) {
    const std::string name = reader.text();
    const int64_t kind = reader.number();
    if (kind != 0 && kind != 1) throw Error("a state received from a peer is damaged");
    if (kind == 0)
      state.numbers.set(name, reader.number());
    else
      state.numbers.set(name, reader.number<double>());
  }
  for (size_t left = reader.count(); left > 0; --left) {
    const std::string name = reader.text();
    state.tensors[name] = read_tensor(reader);
  }
  if (!reader.done()) throw Error("a state received from a peer has bytes to spare");
  return state;
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
