#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace muster::inline base {

/// What a file is opened for.
enum class OpenFor {
  reading,
  replacing,  ///< writing from its beginning: made where it is missing, emptied where it is there
  creating,   ///< writing; must not be there, not as a symbolic link either
  appending,  ///< writing behind its end; made where it is missing
  extending,  ///< the same; must be there
  flushing,   ///< nothing but flush(); a folder too
  updating    ///< reading and writing anywhere; made where it is missing, never through a symbolic link
};

/// An open file. System calls are repeated until they are done (EINTR, short reads and writes). Every failure
/// is a FileError "cannot WHAT 'path': reason". Only read_at() may be called by several threads at once.
class OpenFile {
 public:
  /// No file is open.
  OpenFile() = default;
  /// Throws FileError; a folder is refused. `called`: the path that messages name, where it is not `path`.
  OpenFile(const std::string& path, OpenFor purpose, const std::string& called = "");
  /// Takes over an open descriptor: a pipe, memory, standard input. REQUIRES: number >= 0.
  static OpenFile adopt(int number, std::string called);
  OpenFile(OpenFile&& other) noexcept;
  OpenFile& operator=(OpenFile&& other) noexcept;
  /// Closes and ignores errors: a writer that needs to know of them calls flush() or close() first.
  ~OpenFile();

  explicit operator bool() const { return number_ >= 0; }
  int number() const { return number_; }
  const std::string& path() const { return path_; }
  /// Sets the path that messages name, after a rename.
  void call_it(std::string path) { path_ = std::move(path); }

  /// Bytes now.
  int64_t size() const;
  /// Reads at most `most` bytes from where the last read ended; returns their number, 0 at the end.
  size_t read_some(void* to, size_t most);
  /// Reads from `offset` on and returns the number read: fewer than `bytes` only where the file ends before.
  size_t read_at(int64_t offset, void* to, size_t bytes) const;
  void write(std::string_view content);
  void write_at(int64_t offset, std::string_view content);
  /// Cuts the file to its first `bytes` bytes; later writes follow there.
  void cut(int64_t bytes);
  /// Writes the content to the disk (flush_data: fdatasync), flush() also the times and the like (fsync). No
  /// effect on a pipe or a terminal.
  void flush();
  void flush_data();
  /// Throws FileError where the system reports a failed write only now.
  void close();
  /// Gives up ownership.
  int release() { return std::exchange(number_, -1); }

 private:
  [[noreturn]] void fail(const char* what) const;

  std::string path_;
  int number_ = -1;
};

}  // namespace muster::inline base
