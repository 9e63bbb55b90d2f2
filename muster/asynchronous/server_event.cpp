#include "muster/asynchronous/server_event.h"

#include <array>
#include <cstring>

#include "muster/base/bytes.h"
#include "muster/base/error.h"
#include "muster/flat/vector.h"

namespace muster::inline asynchronous {

namespace {

enum class Kind : uint8_t { joined = 1, left = 2, contribution = 3, dropped = 4, released = 5 };

[[noreturn]] void fail() { throw DataError("these bytes are no event of an asynchronous server"); }

ByteWriter writer_of(Kind kind) {
  ByteWriter writer;
  writer.byte(static_cast<uint8_t>(kind));
  return writer;
}

Kind kind_of(ByteReader& reader) { return static_cast<Kind>(reader.byte()); }

bool take_flag(ByteReader& reader) {
  const uint8_t byte = reader.byte();
  if (byte > 1) fail();
  return byte == 1;
}

// The head of a contribution; the vector's type and size come last.
struct VectorForm {
  ElementType type = ElementType::float32;
  int64_t size = 0;
  int64_t bytes() const { return size * bytes_of(type); }
};

Contribution take_contribution(ByteReader& reader, VectorForm& form) {
  Contribution c;
  c.worker = reader.i64();
  c.sequence = reader.i64();
  c.version = reader.i64();
  c.shard = reader.i64();
  c.local_steps = reader.i64();
  c.tokens = reader.i64();
  c.completed = reader.real();
  c.compute_seconds = reader.real();
  c.loss = reader.real();
  c.learning_rate = reader.real();
  form.type = take_flag(reader) ? ElementType::float64 : ElementType::float32;
  form.size = reader.i64();
  constexpr int64_t most = int64_t{1} << 40;
  if (form.size < 0 || form.size > most) fail();
  return c;
}

EncodedEvent encoded(const WorkerJoined& event) {
  ByteWriter writer = writer_of(Kind::joined);
  writer.i64(event.worker).real(event.time).byte(event.seconds_per_step ? 1 : 0);
  writer.real(event.seconds_per_step.value_or(0)).i64(event.session);
  return {writer.bytes(), {}};
}

EncodedEvent encoded(const WorkerLeft& event) {
  ByteWriter writer = writer_of(Kind::left);
  writer.i64(event.worker).real(event.time);
  return {writer.bytes(), {}};
}

EncodedEvent encoded(const Contribution& event) {
  ByteWriter writer = writer_of(Kind::contribution);
  for (const int64_t number :
       {event.worker, event.sequence, event.version, event.shard, event.local_steps, event.tokens})
    writer.i64(number);
  for (const double number : {event.completed, event.compute_seconds, event.loss, event.learning_rate})
    writer.real(number);
  const Vector& vector = event.pseudo_gradient;
  require_flat(vector, vector.size(), vector.type(), "pseudo-gradient of an event");
  writer.byte(vector.type() == ElementType::float64 ? 1 : 0).i64(vector.size());
  return {writer.bytes(), vector};
}

EncodedEvent encoded(const ContributionDropped& event) {
  ByteWriter writer = writer_of(Kind::dropped);
  writer.i64(event.worker).i64(event.sequence).i64(event.local_steps);
  writer.real(event.completed).real(event.compute_seconds).byte(static_cast<uint8_t>(event.why));
  return {writer.bytes(), {}};
}

EncodedEvent encoded(const WorkersReleased& event) {
  ByteWriter writer = writer_of(Kind::released);
  writer.real(event.time);
  return {writer.bytes(), {}};
}

ServerEvent take_joined(ByteReader& reader) {
  WorkerJoined event{reader.i64(), reader.real(), {}};
  const bool known = take_flag(reader);
  const auto seconds = reader.real();
  if (known) event.seconds_per_step = seconds;
  event.session = reader.i64();
  return event;
}

ServerEvent take_dropped(ByteReader& reader) {
  ContributionDropped event;
  event.worker = reader.i64();
  event.sequence = reader.i64();
  event.local_steps = reader.i64();
  event.completed = reader.real();
  event.compute_seconds = reader.real();
  const auto why = reader.byte();
  if (why >= verdicts) fail();
  event.why = static_cast<Verdict>(why);
  if (!ends_round(event.why) || event.why == Verdict::counted) fail();
  return event;
}

ServerEvent take_whole_contribution(ByteReader& reader, std::string_view body) {
  VectorForm form;
  Contribution contribution = take_contribution(reader, form);
  if (static_cast<int64_t>(body.size()) != form.bytes()) fail();
  contribution.pseudo_gradient = flat_vector(form.size, form.type);
  std::memcpy(contribution.pseudo_gradient.host(), body.data(), body.size());
  return contribution;
}

ServerEvent take_event(ByteReader& reader, std::string_view body) {
  switch (kind_of(reader)) {
    case Kind::joined:
      return take_joined(reader);
    case Kind::left: {
      const auto worker = reader.i64();
      return WorkerLeft{worker, reader.real()};
    }
    case Kind::contribution:
      return take_whole_contribution(reader, body);
    case Kind::dropped:
      return take_dropped(reader);
    case Kind::released:
      return WorkersReleased{reader.real()};
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
  return {static_cast<const char*>(body.host()), static_cast<size_t>(body.size()) * bytes_of(body.type())};
}

EncodedEvent encode(const ServerEvent& event) {
  return std::visit([](const auto& kind) { return encoded(kind); }, event);
}

ServerEvent decode_event(std::string_view head, std::string_view body) {
  ByteReader reader(head);
  ServerEvent event = take_event(reader, body);
  reader.finish();
  if (!std::holds_alternative<Contribution>(event) && !body.empty()) fail();
  return event;
}

int64_t body_size(std::string_view head) {
  ByteReader reader(head);
  if (kind_of(reader) != Kind::contribution) return 0;
  VectorForm form;
  take_contribution(reader, form);
  return form.bytes();
}

std::optional<ContributionDropped> without_vector(std::string_view head) {
  try {
    ByteReader reader(head);
    if (kind_of(reader) != Kind::contribution) return std::nullopt;
    VectorForm form;
    const Contribution c = take_contribution(reader, form);
    return ContributionDropped{c.worker,    c.sequence,        c.local_steps,
                               c.completed, c.compute_seconds, Verdict::damaged};
  } catch (const DataError&) {  // no event at all
    return std::nullopt;
  }
}

}  // namespace muster::inline asynchronous
