#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::inline task {

/// Requests to `muster-tokenizer`, and the kinds of its answers.
enum class TokenizerWord : uint8_t {
  load = 1,  ///< the content of a model file -> two numbers: vocabulary, end of a document (2^32 - 1: none)
  encode,    ///< text -> tokens
  decode,    ///< tokens -> text
  done,      ///< an answer
  refused,   ///< an answer: the reason
};

struct TokenizerMessage {
  TokenizerWord word = TokenizerWord::done;
  std::string content;
};

/// One message over a connected socket: the word (1 byte), the content's length (8 bytes, little endian), the
/// content. False when the other side is gone.
bool send_message(int socket, TokenizerWord word, std::string_view content);
/// Nothing when the other side is gone, or has sent anything else.
std::optional<TokenizerMessage> receive_message(int socket);

/// Numbers as they are sent: 4 bytes each, little endian.
std::string packed(const std::vector<uint32_t>& numbers);
std::vector<uint32_t> unpacked(std::string_view content);

}  // namespace muster::inline task
