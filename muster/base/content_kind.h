#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace muster::inline base {

/// What a file that was taken for a text really is, by its first bytes, and what to do about it: "is a gzip
/// file: unpack it first (gunzip)". Nothing where it looks like text in UTF-8. Made for messages.
std::optional<std::string> not_a_text(std::string_view content);

/// The same for content that need not be text: recognises compressed files, archives, images, UTF-16 and the
/// like by their first bytes, and does not report bytes that are not UTF-8.
std::optional<std::string> kind_by_mark(std::string_view content);

/// Text without the mark that some editors put first (U+FEFF in UTF-8).
std::string_view without_byte_order_mark(std::string_view text);

/// Length of the longest beginning that is valid UTF-8.
size_t valid_utf8(std::string_view text);

}  // namespace muster::inline base
