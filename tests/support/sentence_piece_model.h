#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace muster::test {

/// The bytes of a SentencePiece model (its file is a protobuf message, sentencepiece_model.proto): unigrams
/// with scores; text is not normalised except that blanks become U+2581, one more in front. Tokens 0, 1, 2
/// are unknown, begin and end; the pieces follow.
inline std::string sentence_piece_model(const std::vector<std::pair<std::string, float>>& pieces) {
  const auto field = [](char tag, const std::string& content) {
    std::string bytes(1, tag);
    for (size_t rest = content.size();; rest >>= 7) {
      bytes += static_cast<char>((rest & 0x7F) | (rest > 0x7F ? 0x80 : 0));
      if (rest <= 0x7F) return bytes + content;
    }
  };
  const auto piece = [&](const std::string& text, float score, char type) {
    std::string body = field('\x0A', text) + '\x15';
    const auto bits = std::bit_cast<uint32_t>(score);
    for (int byte = 0; byte < 4; ++byte) body += static_cast<char>(bits >> (8 * byte));
    return field('\x0A', body + '\x18' + type);
  };
  std::string model = piece("<unk>", 0, 2) + piece("<s>", 0, 3) + piece("</s>", 0, 3);
  for (const auto& [text, score] : pieces) model += piece(text, score, 1);
  const std::string unigram = "\x18\x01";
  const std::string identity = field('\x0A', "identity") + "\x18\x01\x20" + std::string(1, '\0') + "\x28\x01";
  return model + field('\x12', unigram) + field('\x1A', identity);
}

/// A model of the letters a to z, the blank and a few words.
inline std::string small_sentence_piece_model() {
  std::vector<std::pair<std::string, float>> pieces = {{"\xE2\x96\x81", -3},
                                                       {"\xE2\x96\x81the", -2},
                                                       {"\xE2\x96\x81"
                                                        "a",
                                                        -3},
                                                       {"ing", -4}};
  for (char letter = 'a'; letter <= 'z'; ++letter) pieces.emplace_back(std::string(1, letter), -6.0F);
  return sentence_piece_model(pieces);
}

}  // namespace muster::test
