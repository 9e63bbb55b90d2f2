#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace muster::inline base {

/// Forms that files of data often have by mistake, recognised by their first bytes (512 are enough). The
/// answer completes "'FILE' ..." and ends with the remedy: "is compressed by gzip; unpack it with gunzip".

/// gzip, xz, bzip2, zstd, zip, 7z, tar; and containers of other programs: NumPy, HDF5, Parquet, PDF.
std::optional<std::string> packed_form(std::string_view first);

/// UTF-16 and UTF-32, with a byte order mark or, where all is plain ASCII, without.
std::optional<std::string> wide_text_form(std::string_view first);

/// The mark that some editors write before UTF-8 text.
inline constexpr std::string_view utf8_mark = "\xEF\xBB\xBF";

/// Throws DataError for each of the forms above.
void refuse_packed(const std::string& path, std::string_view first);
void refuse_packed_or_wide(const std::string& path, std::string_view first);

}  // namespace muster::inline base
