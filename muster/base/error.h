#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace muster::inline base {

/// An error outside the library: a bad option, a broken file, a lost peer. The message is one line that names
/// the field or file, the value found and what would be right. See docs/errors.md.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An option outside its range, of the wrong type, unknown, or in contradiction to another one.
class OptionError : public Error {
 public:
  /// "field = value: remedy".
  OptionError(std::string_view field, std::string_view value, std::string_view remedy);
};

/// A file or folder that cannot be read or written (missing, no permission, disk full).
class FileError : public Error {
 public:
  using Error::Error;
};

/// Data or weights that do not have the promised form (truncated, garbage, wrong size).
class DataError : public Error {
 public:
  using Error::Error;
};

/// A checkpoint that is damaged or does not belong to this run.
class CheckpointError : public Error {
 public:
  using Error::Error;
};

/// Loss or parameters became infinite or not a number.
class NonFiniteError : public Error {
 public:
  using Error::Error;
};

/// A peer of the group died, left or did not answer in time.
class LostPeer : public Error {
 public:
  using Error::Error;
};

/// A broken invariant of the library, never the user's fault.
class Bug : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// Throws Bug with the message when an invariant does not hold.
inline void invariant(bool holds, const char* message) {
  if (!holds) throw Bug(message);
}

}  // namespace muster::inline base
