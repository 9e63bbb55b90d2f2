#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/base/plain_file.h"

namespace muster::inline task {

/// Unsigned little-endian integers.
enum class TokenType { uint8, uint16, uint32 };
int64_t bytes_of(TokenType type);

/// A sequence of tokens that stay as they are stored: in memory, or in a file that is read on access. Copies
/// and parts share the storage. All members are const and safe for several threads. Members that read throw
/// FileError, or DataError where a file was shortened meanwhile.
class Tokens {
 public:
  Tokens() = default;
  /// `storage` keeps `first` alive; `source` names the tokens in errors: a file, or what made them.
  Tokens(std::shared_ptr<const void> storage, const std::byte* first, TokenType type, int64_t size,
         std::string source);
  /// In memory, in the narrowest type that holds every token below `vocabulary`.
  static Tokens of(const std::vector<uint32_t>& values, int64_t vocabulary, std::string source);
  /// `size` tokens from byte `offset` of a file on, which it has; read now if `in_memory`.
  static Tokens of_file(std::shared_ptr<const PlainFile> file, int64_t offset, TokenType type, int64_t size,
                        bool in_memory);

  int64_t size() const { return size_; }
  const std::string& source() const { return source_; }
  /// The stored bytes of `count` tokens from `first` on. REQUIRES: they exist.
  std::string bytes(int64_t first, int64_t count) const;
  std::string bytes() const { return bytes(0, size_); }
  /// A digest of the tokens: of the whole file that they are a part of (see data_digest.h), or of the tokens
  /// in memory.
  std::string digest() const;
  /// Why the file no longer holds the tokens; nothing where it does, or where there is no file.
  std::optional<std::string> problem() const;

  /// Token `index`. REQUIRES: 0 <= index < size().
  int64_t operator[](int64_t index) const;
  /// out <- tokens first, first + 1, ... REQUIRES: all of them exist. Throws DataError for a token outside 0
  /// ... vocabulary - 1, with its place in the file.
  void copy(int64_t first, int64_t vocabulary, std::span<int64_t> out) const;
  /// Throws DataError for the first of the tokens below `limit` that lies outside the vocabulary.
  void check(int64_t vocabulary, int64_t limit) const;
  /// `count` tokens from `first` on; shares the storage. REQUIRES: they exist.
  Tokens part(int64_t first, int64_t count) const;

 private:
  [[noreturn]] void refuse(int64_t index, int64_t vocabulary) const;

  /// Bytes of tokens first, ... : where they lie in memory, or read into `room`.
  const std::byte* look_at(int64_t first, int64_t count, std::vector<std::byte>& room) const;

  std::shared_ptr<const void> storage_;
  const std::byte* data_ = nullptr;  // null: in the file only
  std::shared_ptr<const PlainFile> file_;
  int64_t offset_ = 0;  // bytes of the file before the source's first token
  TokenType type_ = TokenType::uint8;
  int64_t size_ = 0;
  int64_t before_ = 0;  // tokens of the source before the first one of this part
  std::string source_;
};

}  // namespace muster::inline task
