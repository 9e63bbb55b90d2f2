#pragma once

#include <string>
#include <string_view>

#include "muster/theory/convex/sparse_rows.h"

namespace muster::inline theory {

/// Reads samples in LIBSVM's text form (Chang, Lin, 2011), one a line, dense or sparse:
///
///     LABEL INDEX:VALUE INDEX:VALUE ...   # comment
///
/// Indices count from 1 and ascend; numbers are finite; blanks are spaces and tabs, lines end with a line
/// feed, which a carriage return may precede. Blank lines and lines that hold only a comment are skipped; a
/// line with a label alone is a sample without features. A byte order mark before the first line is skipped.
/// `name`: the name of the text in errors. Throws DataError with name, line and column (bytes, from 1).
SparseRows parse_libsvm(std::string_view text, const std::string& name);

/// The same of a file. Throws FileError where it cannot be read or is no plain file; DataError with a remedy
/// for a packed file or UTF-16.
SparseRows read_libsvm(const std::string& path);

/// The largest index accepted: vectors have as many elements as the largest index of a file.
inline constexpr int64_t largest_libsvm_index = 100'000'000;

}  // namespace muster::inline theory
