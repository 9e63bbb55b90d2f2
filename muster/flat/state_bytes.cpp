#include "muster/flat/state_bytes.h"

#include <cstring>
#include <variant>

#include "muster/base/bytes.h"
#include "muster/base/error.h"
#include "muster/flat/vector.h"

namespace muster::inline flat {

namespace {

constexpr ElementType types[] = {ElementType::float32, ElementType::float64, ElementType::int64,
                                 ElementType::byte};

uint8_t code_of(ElementType type) {
  for (uint8_t code = 0; code < std::size(types); ++code)
    if (types[code] == type) return code;
  throw Bug("a state holds a tensor of a type that states do not know");
}

void put_numbers(ByteWriter& writer, const Numbers& numbers) {
  writer.u64(numbers.values().size());
  for (const auto& [name, value] : numbers.values()) {
    writer.text(name).byte(static_cast<uint8_t>(value.index()));
    if (const auto* integer = std::get_if<int64_t>(&value)) writer.i64(*integer);
    if (const auto* real = std::get_if<double>(&value)) writer.real(*real);
  }
}

void read_numbers(ByteReader& reader, Numbers& numbers) {
  for (uint64_t rest = reader.u64(); rest > 0; --rest) {
    const std::string name(reader.text());
    const uint8_t kind = reader.byte();
    if (kind > 1) throw DataError("a state holds a number of an unknown kind");
    if (kind == 0)
      numbers.set(name, reader.i64());
    else
      numbers.set(name, reader.real());
  }
}

ShapedVector read_tensor(ByteReader& reader) {
  const uint8_t code = reader.byte();
  if (code >= std::size(types)) throw DataError("a state holds a tensor of an unknown type");
  std::vector<int64_t> shape(reader.byte());
  const auto element = static_cast<uint64_t>(bytes_of(types[code]));
  uint64_t bytes = element;  // zero sizes left out: strides must not overflow either
  bool empty = false;
  for (int64_t& size : shape) {
    size = reader.i64();
    empty = empty || size == 0;
    if (size < 0 || (size > 0 && __builtin_mul_overflow(bytes, static_cast<uint64_t>(size), &bytes)))
      throw DataError("a state holds a tensor of an impossible size");
  }
  if (empty) bytes = 0;
  const std::string_view content = reader.text();
  if (content.size() != bytes) throw DataError("a state holds a tensor of another size than it says");
  const Vector values = uninitialised_vector(static_cast<int64_t>(bytes / element), types[code]);
  if (bytes > 0) std::memcpy(values.host(), content.data(), bytes);
  return {values, std::move(shape)};
}

}  // namespace

std::vector<std::string_view> StateBytes::parts() const {
  std::vector<std::string_view> all;
  for (size_t i = 0; i < heads.size(); ++i) {
    all.emplace_back(heads[i]);
    if (i < tensors.size())
      all.emplace_back(static_cast<const char*>(tensors[i].host()), static_cast<size_t>(tensors[i].bytes()));
  }
  return all;
}

StateBytes state_bytes(const State& state) {
  StateBytes result;
  ByteWriter writer;
  put_numbers(writer, state.numbers);
  writer.u64(state.tensors.size());
  for (const auto& [name, tensor] : state.tensors) {
    writer.text(name).byte(code_of(tensor.values.type())).byte(static_cast<uint8_t>(tensor.shape.size()));
    for (const int64_t size : tensor.shape) writer.i64(size);
    writer.u64(static_cast<uint64_t>(tensor.values.bytes()));
    result.heads.push_back(writer.bytes());
    result.tensors.push_back(tensor.values);
    writer = {};
  }
  result.heads.push_back(writer.bytes());
  return result;
}

State state_from_bytes(std::string_view bytes) {
  ByteReader reader(bytes);
  State state;
  read_numbers(reader, state.numbers);
  for (uint64_t rest = reader.u64(); rest > 0; --rest) {
    const std::string name(reader.text());
    state.tensors[name] = read_tensor(reader);
  }
  reader.finish();
  return state;
}

}  // namespace muster::inline flat
