#include "muster/task/text/token_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>

#include "muster/base/error.h"
#include "muster/base/mistaken_form.h"
#include "muster/base/plain_file.h"

namespace muster::inline task {

namespace {

constexpr int64_t largest_in_memory = int64_t{256} << 20;
constexpr int64_t looked_at = int64_t{64} << 10;
constexpr size_t least_numbers = 64, least_different = 4;  // that a guess at another width needs

bool all_zero(std::string_view bytes, size_t width, size_t first, size_t last) {
  for (size_t i = 0; i < bytes.size(); ++i)
    if (i % width >= first && i % width < last && bytes[i] != '\0') return false;
  return true;
}

/// Different integers of so many bytes.
size_t different_numbers(std::string_view bytes, size_t width) {
  std::set<std::string_view> seen;
  for (size_t at = 0; at + width <= bytes.size() && seen.size() < least_different; at += width)
    seen.insert(bytes.substr(at, width));
  return seen.size();
}

/// The width of integers whose upper half is always zero, wider than `declared`; 0: none.
size_t true_width(std::string_view bytes, size_t declared) {
  for (const size_t width : {size_t{8}, size_t{4}, size_t{2}}) {
    if (width <= declared || bytes.size() / width < least_numbers) continue;
    const std::string_view whole = bytes.substr(0, bytes.size() / width * width);
    const bool half_zero = all_zero(whole, width, width / 2, width) || all_zero(whole, width, 0, width / 2);
    if (half_zero && different_numbers(whole, width) >= least_different) return width;
  }
  return 0;
}

bool is_plain_text(std::string_view bytes) {
  constexpr size_t least = 512;
  return bytes.size() >= least && std::all_of(bytes.begin(), bytes.end(), [](char c) {
           return (c >= ' ' && c <= '~') || c == '\n' || c == '\r' || c == '\t';
         });
}

}  // namespace

Tokens tokens_of_file(const std::string& path, TokenType type, int64_t skipped) {
  const auto file = std::make_shared<const PlainFile>(path);
  const int64_t bytes = file->size() - skipped, width = bytes_of(type);
  if (bytes <= 0) throw DataError(fmt::format("'{}' is empty; a text is expected", path));
  if (bytes % width != 0)
    throw DataError(
        fmt::format("'{}' has {} bytes, {} more than {} whole tokens of {} bytes; it is truncated, or "
                    "text.token_type is another",
                    path, bytes, bytes % width, bytes / width, width));
  return Tokens::of_file(file, skipped, type, bytes / width, file->size() <= largest_in_memory);
}

void require_tokens_of(const std::string& path, TokenType type) {
  const std::string bytes = PlainFile(path).beginning(looked_at);
  refuse_packed(path, bytes);
  if (type != TokenType::uint8 && is_plain_text(bytes))
    throw DataError(fmt::format("'{}' is plain text, not tokens; use task.name text", path));
  const size_t width = true_width(bytes, static_cast<size_t>(bytes_of(type)));
  if (width == 0) return;
  const std::string convert = fmt::format("numpy.fromfile('{}', dtype='int{}').astype('uint{}').tofile(NEW)",
                                          path, 8 * width, width == 8 ? 32 : 8 * width);
  throw DataError(
      fmt::format("'{}' seems to hold integers of {} bytes, of which half are zero, not tokens of {}: {}",
                  path, width, bytes_of(type),
                  width == 8 ? "write them as text.token_type uint16 or uint32: " + convert
                             : fmt::format("use text.token_type uint{}", 8 * width)));
}

}  // namespace muster::inline task
