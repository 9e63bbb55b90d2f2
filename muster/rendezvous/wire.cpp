#include "muster/rendezvous/wire.h"

#include <fmt/format.h>

#include "muster/base/error.h"

namespace muster {

namespace {

constexpr size_t length_bytes = 4;

void append_number(std::string& to, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) to.push_back(static_cast<char>((value >> (8 * i)) & 0xff));
}

uint64_t number_from(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size(); ++i)
    value |= uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return value;
}

}  // namespace

MessageWriter& MessageWriter::byte(uint8_t value) {
  bytes_.push_back(static_cast<char>(value));
  return *this;
}

MessageWriter& MessageWriter::number(int64_t value) {
  append_number(bytes_, static_cast<uint64_t>(value), sizeof value);
  return *this;
}

MessageWriter& MessageWriter::text(std::string_view value) {
  append_number(bytes_, value.size(), length_bytes);
  bytes_.append(value);
  return *this;
}

MessageWriter& MessageWriter::texts(const std::vector<std::string>& values) {
  append_number(bytes_, values.size(), length_bytes);
  for (const std::string& value : values) text(value);
  return *this;
}

MessageWriter& MessageWriter::append(const MessageWriter& part) {
  bytes_ += part.bytes_;
  return *this;
}

std::string MessageWriter::frame() const {
  if (bytes_.size() > longest_message)
    throw Error(fmt::format("a message of {} bytes to the store: it takes at most {}", bytes_.size(),
                            longest_message));
  std::string framed;
  framed.reserve(length_bytes + bytes_.size());
  append_number(framed, bytes_.size(), length_bytes);
  return framed += bytes_;
}

std::string_view MessageReader::take(size_t count) {
  if (count > bytes_.size()) throw DataError("a message of the store ends too early");
  const std::string_view taken = bytes_.substr(0, count);
  bytes_.remove_prefix(count);
  return taken;
}

size_t MessageReader::length() { return static_cast<size_t>(number_from(take(length_bytes))); }

uint8_t MessageReader::byte() { return static_cast<uint8_t>(take(1)[0]); }

int64_t MessageReader::number() { return static_cast<int64_t>(number_from(take(sizeof(int64_t)))); }

std::string MessageReader::text() { return std::string(take(length())); }

std::vector<std::string> MessageReader::texts() {
  const size_t count = length();
  if (count > bytes_.size() / length_bytes) throw DataError("a message of the store ends too early");
  std::vector<std::string> values;
  values.reserve(count);
  for (size_t i = 0; i < count; ++i) values.push_back(text());
  return values;
}

void MessageReader::finish() const {
  if (!bytes_.empty()) throw DataError("a message of the store is longer than it should be");
}

std::optional<std::string> FrameSplitter::next(size_t longest) {
  const std::string_view rest = std::string_view(buffer_).substr(at_);
  std::optional<std::string> message;
  if (rest.size() >= length_bytes) {
    const auto length = static_cast<size_t>(number_from(rest.substr(0, length_bytes)));
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

}  // namespace muster
