#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace muster {

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

/// An open file, and the one place where the calls of the system are repeated until they are done (EINTR,
/// short reads and writes). Every failure is a FileError "cannot WHAT 'path': reason". Not for two threads at
/// once, but for read_at().
class OpenFile {
 public:
  /// None.
  OpenFile() = default;
  /// Throws FileError; a folder is refused. `called`: the path in messages, where another one is written
  /// first.
  OpenFile(const std::string& path, OpenFor purpose, const std::string& called = "");
  /// Takes over what is open already: a pipe, memory, standard input. REQUIRES: number >= 0.
  static OpenFile adopt(int number, std::string called);
  OpenFile(OpenFile&& other) noexcept;
  OpenFile& operator=(OpenFile&& other) noexcept;
  /// Closes. A writer that promises anything has called flush() before, which is where a failure shows.
  ~OpenFile();

  explicit operator bool() const { return number_ >= 0; }
  int number() const { return number_; }
  const std::string& path() const { return path_; }
  /// The file was renamed; for messages.
  void call_it(std::string path) { path_ = std::move(path); }

  /// Bytes now.
  int64_t size() const;
  /// At most `most` bytes from where the last one ended; 0 at the end.
  size_t read_some(void* to, size_t most);
  /// From `offset` on; fewer than `bytes` only where the file ends before. By any number of threads at once.
  size_t read_at(int64_t offset, void* to, size_t bytes) const;
  void write(std::string_view content);
  void write_at(int64_t offset, std::string_view content);
  /// The file ends there from now on, and what is written follows there.
  void cut(int64_t bytes);
  /// The content is on the disk; flush() also what the system knows of the file (its length, its times). A
  /// pipe or a terminal has nothing to flush.
  void flush();
  void flush_data();
  /// Throws where the system reports only now that something was not written.
  void close();
  /// Gives up ownership.
  int release() { return std::exchange(number_, -1); }

 private:
  [[noreturn]] void fail(const char* what) const;

  std::string path_;
  int number_ = -1;
};

}  // namespace muster
