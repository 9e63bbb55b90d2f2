#include "muster/task/text/tokenizer_messages.h"

#include <sys/socket.h>

#include <cerrno>

#include "muster/base/bytes.h"

namespace muster::inline task {

namespace {

constexpr uint64_t longest_content = uint64_t{1} << 40;
constexpr size_t header_bytes = 9;

bool send_all(int socket, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t sent = ::send(socket, data, size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    data += sent;
    size -= static_cast<size_t>(sent);
  }
  return true;
}

bool receive_all(int socket, char* data, size_t size) {
  while (size > 0) {
    const ssize_t received = ::recv(socket, data, size, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) return false;
    data += received;
    size -= static_cast<size_t>(received);
  }
  return true;
}

}  // namespace

bool send_message(int socket, TokenizerWord word, std::string_view content) {
  ByteWriter header;
  header.byte(static_cast<uint8_t>(word)).u64(content.size());
  return send_all(socket, header.bytes().data(), header_bytes) &&
         send_all(socket, content.data(), content.size());
}

std::optional<TokenizerMessage> receive_message(int socket) {
  std::string header(header_bytes, '\0');
  if (!receive_all(socket, header.data(), header_bytes)) return std::nullopt;
  ByteReader reader(header);
  const auto word = static_cast<TokenizerWord>(reader.byte());
  const uint64_t length = reader.u64();
  if (length > longest_content || word < TokenizerWord::load || word > TokenizerWord::refused)
    return std::nullopt;
  TokenizerMessage message{word, std::string(length, '\0')};
  if (!receive_all(socket, message.content.data(), length)) return std::nullopt;
  return message;
}

std::string packed(const std::vector<uint32_t>& numbers) {
  ByteWriter writer;
  for (const uint32_t number : numbers) writer.u32(number);
  return writer.bytes();
}

std::vector<uint32_t> unpacked(std::string_view content) {
  std::vector<uint32_t> numbers(content.size() / sizeof(uint32_t));
  ByteReader reader(content);
  for (uint32_t& number : numbers) number = reader.u32();
  return numbers;
}

}  // namespace muster::inline task
