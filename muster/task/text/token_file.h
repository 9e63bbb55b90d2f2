#pragma once

#include <string>

#include "muster/task/text/tokens.h"

namespace muster::inline task {

/// A file of tokens without a header, the first `skipped` bytes left out. Any file is one of uint8 tokens:
/// its bytes. Files of up to 256 MiB are held in memory, larger ones are read on access; a file that is
/// shortened meanwhile causes an error, not a crash. Throws FileError (missing, unreadable, no plain file);
/// DataError when it is empty or its length is not a whole number of tokens.
Tokens tokens_of_file(const std::string& path, TokenType type, int64_t skipped = 0);

/// Throws DataError, with the remedy, for a file that holds no such tokens though its length fits: packed
/// files, plain text, and integers of another width (half of their bytes are zero). Reads the first 64 KiB.
void require_tokens_of(const std::string& path, TokenType type);

}  // namespace muster::inline task
