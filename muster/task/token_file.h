#pragma once

#include <string>

#include "muster/task/tokens.h"

namespace muster {

/// Maps a file of tokens without a header into memory; what is not looked at is not read. Any file is one of
/// uint8 tokens: its bytes. Throws FileError (missing, unreadable, no plain file); DataError when it is empty
/// or its length is not a whole number of tokens.
Tokens map_token_file(const std::string& path, TokenType type);

}  // namespace muster
