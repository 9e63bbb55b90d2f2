#include "muster/task/text/tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "muster/base/error.h"
#include "muster/task/images/data_digest.h"

namespace muster::inline task {

static_assert(std::endian::native == std::endian::little, "tokens are read as they lie in the file");

namespace {

template <class T>
int64_t value_at(const std::byte* data, int64_t index) {
  T value;
  std::memcpy(&value, data + static_cast<size_t>(index) * sizeof(T), sizeof(T));
  return static_cast<int64_t>(value);
}

template <class T>
bool copy_as(const std::byte* data, int64_t vocabulary, std::span<int64_t> out) {
  int64_t outside = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = value_at<T>(data, static_cast<int64_t>(i));
    outside |= out[i] >= vocabulary ? 1 : 0;
  }
  return outside == 0;
}

template <class T>
std::shared_ptr<std::vector<T>> narrowed(const std::vector<uint32_t>& values) {
  auto narrow = std::make_shared<std::vector<T>>();
  narrow->reserve(values.size());
  for (const uint32_t value : values) narrow->push_back(static_cast<T>(value));
  return narrow;
}

template <class T>
Tokens in_memory(const std::vector<uint32_t>& values, TokenType type, std::string source) {
  const auto storage = narrowed<T>(values);
  const auto* first = reinterpret_cast<const std::byte*>(storage->data());
  return {storage, first, type, static_cast<int64_t>(values.size()), std::move(source)};
}

}  // namespace

int64_t bytes_of(TokenType type) { return type == TokenType::uint8 ? 1 : type == TokenType::uint16 ? 2 : 4; }

Tokens::Tokens(std::shared_ptr<const void> storage, const std::byte* first, TokenType type, int64_t size,
               std::string source)
    : storage_(std::move(storage)), data_(first), type_(type), size_(size), source_(std::move(source)) {}

Tokens Tokens::of(const std::vector<uint32_t>& values, int64_t vocabulary, std::string source) {
  if (vocabulary <= 256) return in_memory<uint8_t>(values, TokenType::uint8, std::move(source));
  if (vocabulary <= 65536) return in_memory<uint16_t>(values, TokenType::uint16, std::move(source));
  return in_memory<uint32_t>(values, TokenType::uint32, std::move(source));
}

Tokens Tokens::of_file(std::shared_ptr<const PlainFile> file, int64_t offset, TokenType type, int64_t size,
                       bool in_memory) {
  Tokens tokens(nullptr, nullptr, type, size, file->path());
  tokens.offset_ = offset;
  if (in_memory) {
    const auto content = std::make_shared<std::vector<std::byte>>(static_cast<size_t>(size * bytes_of(type)));
    file->read_at(offset, content->data(), content->size());
    tokens.data_ = content->data();
    tokens.storage_ = content;
  }
  tokens.file_ = std::move(file);
  return tokens;
}

const std::byte* Tokens::look_at(int64_t first, int64_t count, std::vector<std::byte>& room) const {
  const int64_t width = bytes_of(type_);
  if (data_ != nullptr) return data_ + first * width;
  room.resize(static_cast<size_t>(count * width));
  if (file_) file_->read_at(offset_ + (before_ + first) * width, room.data(), room.size());
  return room.data();
}

std::string Tokens::bytes(int64_t first, int64_t count) const {
  invariant(first >= 0 && count >= 0 && first + count <= size_, "tokens outside the text were asked for");
  std::vector<std::byte> room;
  const auto* from = reinterpret_cast<const char*>(look_at(first, count, room));
  return {from, static_cast<size_t>(count * bytes_of(type_))};
}

std::string Tokens::digest() const {
  if (file_) return digest_of(*file_);
  return digest_of(
      std::string_view(reinterpret_cast<const char*>(data_), static_cast<size_t>(size_ * bytes_of(type_))));
}

std::optional<std::string> Tokens::problem() const {
  if (!file_) return std::nullopt;
  const int64_t now = file_->size_now();
  if (now >= file_->size()) return std::nullopt;
  return fmt::format("'{}' has {} bytes now, it had {} when the run began: it was shortened; put it back",
                     source_, now, file_->size());
}

int64_t Tokens::operator[](int64_t index) const {
  invariant(index >= 0 && index < size_, "a token outside the text was asked for");
  int64_t value = 0;
  copy(index, std::numeric_limits<int64_t>::max(), {&value, 1});
  return value;
}

void Tokens::copy(int64_t first, int64_t vocabulary, std::span<int64_t> out) const {
  const auto count = static_cast<int64_t>(out.size());
  invariant(first >= 0 && first + count <= size_, "tokens outside the text were asked for");
  std::vector<std::byte> room;
  const std::byte* const from = look_at(first, count, room);
  const bool inside = type_ == TokenType::uint8    ? copy_as<uint8_t>(from, vocabulary, out)
                      : type_ == TokenType::uint16 ? copy_as<uint16_t>(from, vocabulary, out)
                                                   : copy_as<uint32_t>(from, vocabulary, out);
  if (inside) return;
  for (int64_t i = 0; i < count; ++i)
    if (out[static_cast<size_t>(i)] >= vocabulary) refuse(first + i, vocabulary);
}

void Tokens::check(int64_t vocabulary, int64_t limit) const {
  std::vector<int64_t> some(4096);
  const int64_t end = std::min(limit, size_);
  for (int64_t first = 0; first < end; first += static_cast<int64_t>(some.size()))
    copy(first, vocabulary,
         {some.data(), static_cast<size_t>(std::min(end - first, static_cast<int64_t>(some.size())))});
}

void Tokens::refuse(int64_t index, int64_t vocabulary) const {
  const int64_t place = before_ + index;
  throw DataError(fmt::format(
      "'{}': token {} (at byte {}) is {}; a vocabulary of {} tokens ends at {}: use a larger "
      "text.vocabulary, or the text.token_type that the file was written in",
      source_, place, offset_ + place * bytes_of(type_), (*this)[index], vocabulary, vocabulary - 1));
}

Tokens Tokens::part(int64_t first, int64_t count) const {
  invariant(first >= 0 && count >= 0 && first + count <= size_, "a part outside the text");
  Tokens shorter = *this;
  if (data_ != nullptr) shorter.data_ += first * bytes_of(type_);
  shorter.size_ = count;
  shorter.before_ += first;
  return shorter;
}

}  // namespace muster::inline task
