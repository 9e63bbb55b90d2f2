#include "muster/rendezvous/protocol.h"

#include <algorithm>

#include "muster/base/error.h"

namespace muster::inline rendezvous {

namespace {

constexpr std::string_view hello_word = "muster rendezvous";
constexpr std::string_view welcome_word = "muster store";

}  // namespace

std::string hello_frame(std::string_view token) {
  return MessageWriter().text(hello_word).number(protocol_version).text(token).frame();
}

std::optional<Hello> hello_from(std::string_view message) try {
  MessageReader reader(message);
  if (reader.text() != hello_word) return std::nullopt;
  Hello hello{.version = reader.number()};
  if (hello.version != protocol_version) return hello;
  hello.token = reader.text();
  reader.finish();
  return hello;
} catch (const DataError&) {
  return std::nullopt;
}

std::string welcome_frame(const Welcome& welcome) {
  return MessageWriter()
      .text(welcome_word)
      .number(welcome.version)
      .text(welcome.refusal)
      .number(welcome.lease.count())
      .frame();
}

Welcome welcome_from(std::string_view message) {
  MessageReader reader(message);
  if (reader.text() != welcome_word) throw DataError("the answer is not that of a store of Muster");
  Welcome welcome;
  welcome.version = reader.number();
  welcome.refusal = reader.text();
  if (!welcome.refusal.empty()) return welcome;
  welcome.lease = std::chrono::milliseconds(reader.number());
  reader.finish();
  return welcome;
}

bool same_token(std::string_view there, std::string_view here) {
  // Every byte of `here`, the token that was brought, is looked at.
  size_t different = there.size() ^ here.size();
  for (size_t i = 0; i < here.size(); ++i) {
    const char byte = there.empty() ? '\0' : there[i % there.size()];
    different |= static_cast<unsigned char>(byte) ^ static_cast<unsigned char>(here[i]);
  }
  return different == 0;
}

MessageWriter request_of(Request kind, int64_t number) {
  return MessageWriter().byte(static_cast<uint8_t>(kind)).number(number);
}

MessageWriter reply_to(int64_t number, Outcome outcome) {
  return MessageWriter().number(number).byte(static_cast<uint8_t>(outcome));
}

std::string news_frame(const News& news) {
  return reply_to(0, Outcome::news)
      .number(news.broken)
      .byte(news.newcomers)
      .byte(news.stop_wanted)
      .byte(news.expelled)
      .frame();
}

News news_from(MessageReader& reader) {
  News news;
  news.broken = reader.number();
  news.newcomers = reader.byte() != 0;
  news.stop_wanted = reader.byte() != 0;
  news.expelled = reader.byte() != 0;
  reader.finish();
  return news;
}

void write_missing(MessageWriter& writer, const Missing& missing) {
  writer.texts(missing.names)
      .number(missing.count)
      .number(missing.here)
      .byte(missing.first)
      .number(missing.left ? missing.left->count() : -1)
      .byte(missing.enough);
}

Missing missing_from(MessageReader& reader) {
  Missing missing;
  missing.names = reader.texts();
  missing.count = reader.number();
  missing.here = reader.number();
  missing.first = reader.byte() != 0;
  const int64_t left = reader.number();
  if (left >= 0) missing.left = std::chrono::milliseconds(left);
  missing.enough = reader.byte() != 0;
  reader.finish();
  return missing;
}

void write_generation(MessageWriter& writer, const Generation& generation) {
  writer.number(generation.number).number(generation.rank).texts(generation.names);
  for (const int64_t version : generation.versions) writer.number(version);
}

Generation generation_from(MessageReader& reader) {
  Generation generation;
  generation.number = reader.number();
  generation.rank = static_cast<int>(reader.number());
  generation.names = reader.texts();
  generation.size = static_cast<int>(generation.names.size());
  for (size_t rank = 0; rank < generation.names.size(); ++rank)
    generation.versions.push_back(reader.number());
  reader.finish();
  return generation;
}

}  // namespace muster::inline rendezvous
