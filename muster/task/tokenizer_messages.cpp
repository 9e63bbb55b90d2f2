#include "muster/task/tokenizer_messages.h"

#include <sys/socket.h>

#include <bit>
#include <cerrno>
#include <cstring>

namespace muster {

namespace {

static_assert(std::endian::native == std::endian::little, "numbers travel as they lie in memory");

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
  char header[header_bytes];
  header[0] = static_cast<char>(word);
  const uint64_t length = content.size();
  std::memcpy(header + 1, &length, sizeof length);
  return send_all(socket, header, header_bytes) && send_all(socket, content.data(), content.size());
}

std::optional<TokenizerMessage> receive_message(int socket) {
  char header[header_bytes];
  if (!receive_all(socket, header, header_bytes)) return std::nullopt;
  uint64_t length = 0;
  std::memcpy(&length, header + 1, sizeof length);
  const auto word = static_cast<TokenizerWord>(header[0]);
  if (length > longest_content || word < TokenizerWord::load || word > TokenizerWord::refused)
    return std::nullopt;
  TokenizerMessage message{word, std::string(length, '\0')};
  if (!receive_all(socket, message.content.data(), length)) return std::nullopt;
  return message;
}

std::string packed(const std::vector<uint32_t>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(uint32_t)};
}

std::vector<uint32_t> unpacked(std::string_view content) {
  std::vector<uint32_t> numbers(content.size() / sizeof(uint32_t));
  if (!numbers.empty()) std::memcpy(numbers.data(), content.data(), numbers.size() * sizeof(uint32_t));
  return numbers;
}

}  // namespace muster
