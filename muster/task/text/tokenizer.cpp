#include "muster/task/text/tokenizer.h"

namespace muster::inline task {

namespace {

class ByteTokenizer final : public Tokenizer {
 public:
  int64_t vocabulary() const override { return 256; }

  std::vector<uint32_t> encode(std::string_view text) const override {
    std::vector<uint32_t> tokens;
    tokens.reserve(text.size());
    for (const char c : text) tokens.push_back(static_cast<unsigned char>(c));
    return tokens;
  }

  std::string decode(std::span<const uint32_t> tokens) const override {
    std::string text;
    text.reserve(tokens.size());
    for (const uint32_t token : tokens) text.push_back(static_cast<char>(token));
    return text;
  }
};

}  // namespace

std::unique_ptr<Tokenizer> byte_tokenizer() { return std::make_unique<ByteTokenizer>(); }

}  // namespace muster::inline task
