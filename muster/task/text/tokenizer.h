#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::inline task {

/// Text to tokens and back. All members are const and safe for several threads.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  /// Tokens are 0 ... vocabulary() - 1.
  virtual int64_t vocabulary() const = 0;
  virtual std::vector<uint32_t> encode(std::string_view text) const = 0;
  /// REQUIRES: every token is below vocabulary().
  virtual std::string decode(std::span<const uint32_t> tokens) const = 0;
  /// The token that ends a document, where there is one.
  virtual std::optional<uint32_t> end_of_document() const { return std::nullopt; }
};

/// Every byte is a token, 0 ... 255.
std::unique_ptr<Tokenizer> byte_tokenizer();

}  // namespace muster::inline task
