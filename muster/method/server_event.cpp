#include "muster/method/server_event.h"

#include <array>
#include <bit>
#include <cstring>
#include <type_traits>

#include "muster/base/error.h"
#include "muster/flat/flat_buffer.h"

namespace muster {

namespace {

static_assert(std::endian::native == std::endian::little, "events are written as they lie in memory");

enum class Kind : uint8_t { joined = 1, left = 2, contribution = 3, dropped = 4, released = 5 };

class Writer {
 public:
  explicit Writer(Kind kind) { put(static_cast<uint8_t>(kind)); }
  template <class T>
  void put(T value) {
    static_assert(std::is_trivially_copyable_v<T>);
    std::array<char, sizeof(T)> bytes;
    std::memcpy(bytes.data(), &value, sizeof value);
    head.append(bytes.data(), bytes.size());
  }
  std::string head;
};

[[noreturn]] void fail() { throw DataError("these bytes are no event of an asynchronous server"); }

class Reader {
 public:
  explicit Reader(std::string_view head) : head_(head) {}
  template <class T>
  T take() {
    if (head_.size() < sizeof(T)) fail();
    T value;
    std::memcpy(&value, head_.data(), sizeof value);
    head_.remove_prefix(sizeof value);
    return value;
  }
  Kind kind() { return static_cast<Kind>(take<uint8_t>()); }
  bool flag() {
    const auto byte = take<uint8_t>();
    if (byte > 1) fail();
    return byte == 1;
  }
  void end() const {
    if (!head_.empty()) fail();
  }

 private:
  std::string_view head_;
};

// The head of a contribution; the vector's type and size come last.
struct VectorForm {
  at::ScalarType type = at::kFloat;
  int64_t size = 0;
  int64_t bytes() const { return size * static_cast<int64_t>(c10::elementSize(type)); }
};

Contribution take_contribution(Reader& reader, VectorForm& form) {
  Contribution c;
  c.worker = reader.take<int64_t>();
  c.sequence = reader.take<int64_t>();
  c.version = reader.take<int64_t>();
  c.shard = reader.take<int64_t>();
  c.local_steps = reader.take<int64_t>();
  c.tokens = reader.take<int64_t>();
  c.completed = reader.take<double>();
  c.compute_seconds = reader.take<double>();
  c.loss = reader.take<double>();
  c.learning_rate = reader.take<double>();
  form.type = reader.flag() ? at::kDouble : at::kFloat;
  form.size = reader.take<int64_t>();
  constexpr int64_t most = int64_t{1} << 40;
  if (form.size < 0 || form.size > most) fail();
  return c;
}

EncodedEvent encoded(const WorkerJoined& event) {
  Writer writer(Kind::joined);
  writer.put(event.worker);
  writer.put(event.time);
  writer.put(static_cast<uint8_t>(event.seconds_per_step.has_value()));
  writer.put(event.seconds_per_step.value_or(0));
  writer.put(event.session);
  return {writer.head, {}};
}

EncodedEvent encoded(const WorkerLeft& event) {
  Writer writer(Kind::left);
  writer.put(event.worker);
  writer.put(event.time);
  return {writer.head, {}};
}

EncodedEvent encoded(const Contribution& event) {
  Writer writer(Kind::contribution);
  for (const int64_t number :
       {event.worker, event.sequence, event.version, event.shard, event.local_steps, event.tokens})
    writer.put(number);
  for (const double number : {event.completed, event.compute_seconds, event.loss, event.learning_rate})
    writer.put(number);
  const at::Tensor& vector = event.pseudo_gradient;
  require_flat(vector, vector.numel(), vector.scalar_type(), "pseudo-gradient of an event");
  writer.put(static_cast<uint8_t>(vector.scalar_type() == at::kDouble));
  writer.put(vector.numel());
  return {writer.head, vector};
}

EncodedEvent encoded(const ContributionDropped& event) {
  Writer writer(Kind::dropped);
  writer.put(event.worker);
  writer.put(event.sequence);
  writer.put(event.local_steps);
  writer.put(event.completed);
  writer.put(event.compute_seconds);
  writer.put(static_cast<uint8_t>(event.why));
  return {writer.head, {}};
}

EncodedEvent encoded(const WorkersReleased& event) {
  Writer writer(Kind::released);
  writer.put(event.time);
  return {writer.head, {}};
}

ServerEvent take_joined(Reader& reader) {
  WorkerJoined event{reader.take<int64_t>(), reader.take<double>(), {}};
  const bool known = reader.flag();
  const auto seconds = reader.take<double>();
  if (known) event.seconds_per_step = seconds;
  event.session = reader.take<int64_t>();
  return event;
}

ServerEvent take_dropped(Reader& reader) {
  ContributionDropped event;
  event.worker = reader.take<int64_t>();
  event.sequence = reader.take<int64_t>();
  event.local_steps = reader.take<int64_t>();
  event.completed = reader.take<double>();
  event.compute_seconds = reader.take<double>();
  const auto why = reader.take<uint8_t>();
  if (why >= verdicts) fail();
  event.why = static_cast<Verdict>(why);
  if (!ends_round(event.why) || event.why == Verdict::counted) fail();
  return event;
}

ServerEvent take_whole_contribution(Reader& reader, std::string_view body) {
  VectorForm form;
  Contribution contribution = take_contribution(reader, form);
  if (static_cast<int64_t>(body.size()) != form.bytes()) fail();
  contribution.pseudo_gradient = flat_vector(form.size, form.type);
  std::memcpy(contribution.pseudo_gradient.data_ptr(), body.data(), body.size());
  return contribution;
}

ServerEvent take_event(Reader& reader, std::string_view body) {
  switch (reader.kind()) {
    case Kind::joined:
      return take_joined(reader);
    case Kind::left: {
      const auto worker = reader.take<int64_t>();
      return WorkerLeft{worker, reader.take<double>()};
    }
    case Kind::contribution:
      return take_whole_contribution(reader, body);
    case Kind::dropped:
      return take_dropped(reader);
    case Kind::released:
      return WorkersReleased{reader.take<double>()};
  }
  fail();
}

}  // namespace

std::string_view word_of(Verdict verdict) {
  static constexpr std::array<std::string_view, verdicts> words = {
      "counted",     "duplicate",  "too_late",  "unknown_worker", "unknown_assignment",
      "wrong_shape", "not_finite", "too_large", "stale",          "outlier",
      "damaged"};
  return words.at(static_cast<size_t>(verdict));
}

std::string_view EncodedEvent::body_bytes() const {
  if (!body.defined()) return {};
  return {static_cast<const char*>(body.data_ptr()),
          static_cast<size_t>(body.numel()) * c10::elementSize(body.scalar_type())};
}

EncodedEvent encode(const ServerEvent& event) {
  return std::visit([](const auto& kind) { return encoded(kind); }, event);
}

ServerEvent decode_event(std::string_view head, std::string_view body) {
  Reader reader(head);
  ServerEvent event = take_event(reader, body);
  reader.end();
  if (!std::holds_alternative<Contribution>(event) && !body.empty()) fail();
  return event;
}

int64_t body_size(std::string_view head) {
  Reader reader(head);
  if (reader.kind() != Kind::contribution) return 0;
  VectorForm form;
  take_contribution(reader, form);
  return form.bytes();
}

std::optional<ContributionDropped> without_vector(std::string_view head) {
  try {
    Reader reader(head);
    if (reader.kind() != Kind::contribution) return std::nullopt;
    VectorForm form;
    const Contribution c = take_contribution(reader, form);
    return ContributionDropped{c.worker,    c.sequence,        c.local_steps,
                               c.completed, c.compute_seconds, Verdict::damaged};
  } catch (const DataError&) {  // no event at all
    return std::nullopt;
  }
}

}  // namespace muster
