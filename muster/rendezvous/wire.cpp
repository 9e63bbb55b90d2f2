#include "muster/rendezvous/wire.h"

#include <fmt/format.h>

#include "muster/base/error.h"

namespace muster::inline rendezvous {

namespace {

constexpr size_t length_bytes = 4;

}  // namespace

MessageWriter& MessageWriter::byte(uint8_t value) {
  content_.byte(value);
  return *this;
}

MessageWriter& MessageWriter::number(int64_t value) {
  content_.i64(value);
  return *this;
}

MessageWriter& MessageWriter::text(std::string_view value) {
  content_.u32(static_cast<uint32_t>(value.size())).raw(value);
  return *this;
}

MessageWriter& MessageWriter::texts(const std::vector<std::string>& values) {
  content_.u32(static_cast<uint32_t>(values.size()));
  for (const std::string& value : values) text(value);
  return *this;
}

MessageWriter& MessageWriter::append(const MessageWriter& part) {
  content_.raw(part.content_.bytes());
  return *this;
}

std::string MessageWriter::frame() const {
  const std::string& content = content_.bytes();
  if (content.size() > longest_message)
    throw Error(fmt::format("a message of {} bytes to the store: it takes at most {}", content.size(),
                            longest_message));
  return ByteWriter().u32(static_cast<uint32_t>(content.size())).raw(content).bytes();
}

std::string_view MessageReader::take(size_t count) {
  if (count > content_.rest().size()) throw DataError("a message of the store ends too early");
  return content_.take(count);
}

size_t MessageReader::length() { return ByteReader(take(length_bytes)).u32(); }

uint8_t MessageReader::byte() { return ByteReader(take(1)).byte(); }

int64_t MessageReader::number() { return ByteReader(take(sizeof(int64_t))).i64(); }

std::string MessageReader::text() { return std::string(take(length())); }

std::vector<std::string> MessageReader::texts() {
  const size_t count = length();
  if (count > content_.rest().size() / length_bytes) throw DataError("a message of the store ends too early");
  std::vector<std::string> values;
  values.reserve(count);
  for (size_t i = 0; i < count; ++i) values.push_back(text());
  return values;
}

void MessageReader::finish() const {
  if (!content_.rest().empty()) throw DataError("a message of the store is longer than it should be");
}

std::optional<std::string> FrameSplitter::next(size_t longest) {
  const std::string_view rest = std::string_view(buffer_).substr(at_);
  std::optional<std::string> message;
  if (rest.size() >= length_bytes) {
    const size_t length = ByteReader(rest).u32();
    if (length > longest) throw DataError(fmt::format("a message of {} bytes: at most {}", length, longest));
    if (rest.size() - length_bytes >= length) {
      message = std::string(rest.substr(length_bytes, length));
      at_ += length_bytes + length;
    }
  }
  if (!message && at_ > 0) {
    buffer_.erase(0, at_);
    at_ = 0;
  }
  return message;
}

}  // namespace muster::inline rendezvous
