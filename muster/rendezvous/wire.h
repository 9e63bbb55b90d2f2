#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/bytes.h"

namespace muster::inline rendezvous {

/// The longest message that either side of a store takes, in bytes.
constexpr size_t longest_message = size_t{1} << 20;

/// Writes a message: numbers as eight bytes, the lowest first; a text behind its length of four bytes.
class MessageWriter {
 public:
  MessageWriter& byte(uint8_t value);
  MessageWriter& number(int64_t value);
  MessageWriter& text(std::string_view value);
  MessageWriter& texts(const std::vector<std::string>& values);
  MessageWriter& append(const MessageWriter& part);
  /// The message behind its length of four bytes. Throws Error when it is longer than longest_message.
  std::string frame() const;

 private:
  ByteWriter content_;
};

/// Reads what MessageWriter wrote; `bytes` must outlive it. Throws DataError where they end too early or, in
/// finish(), go on.
class MessageReader {
 public:
  explicit MessageReader(std::string_view bytes) : content_(bytes) {}

  uint8_t byte();
  int64_t number();
  std::string text();
  std::vector<std::string> texts();
  void finish() const;
  /// All that has not been read yet.
  std::string_view rest() const { return content_.rest(); }

 private:
  std::string_view take(size_t count);
  size_t length();

  ByteReader content_;
};

/// Cuts a stream of bytes into messages.
class FrameSplitter {
 public:
  void append(std::string_view bytes) { buffer_.append(bytes); }
  /// The next whole message. Throws DataError as soon as one says that it is longer than `longest`.
  std::optional<std::string> next(size_t longest = longest_message);
  /// An incomplete message has arrived.
  bool half() const { return at_ < buffer_.size(); }

 private:
  std::string buffer_;
  size_t at_ = 0;
};

}  // namespace muster::inline rendezvous
