#pragma once

#include <poll.h>

#include <string>
#include <vector>

#include "muster/rendezvous/sockets.h"

namespace muster::inline app {

/// Writes what several processes say to this process's standard output and error, whole lines at a time, so
/// that no line of one stands inside a line of another. Never blocks on its reader: when the reader is slow,
/// the processes wait, this one does not.
class LineRelay {
 public:
  LineRelay();

  /// A descriptor for a process to write into. Its lines go to `target` (1: standard output, 2: standard
  /// error), each with `prefix` before it. Without a prefix the bytes are passed on unchanged. The caller
  /// closes it when the process has it.
  FileDescriptor open(int rank, int target, std::string prefix);
  /// From now on a process whose reader is gone gets a broken pipe, as it would without us; else its output
  /// is dropped.
  void hand_on_broken_pipes() { hands_on_broken_pipes_ = true; }
  /// Standard output and standard error are the same file, pipe or terminal.
  bool one_stream() const { return one_stream_; }

  /// Adds what to wait for before the next serve().
  void add_to(std::vector<pollfd>& waited) const;
  /// Reads the output that is there and writes what can be written now.
  void serve();
  /// Reads the last output of a rank that has ended, also a line without an end.
  void finish(int rank);
  /// A line of our own on standard error.
  void say(const std::string& line);
  /// Some output is not yet written.
  bool has_more() const { return !targets_[0].waiting.empty() || !targets_[1].waiting.empty(); }
  /// Throws FileError when something could not be written to standard output (disk full, nobody reads).
  void check() const;

 private:
  struct Source {
    int rank;
    size_t target;
    std::string prefix;
    FileDescriptor in;
    std::string begun;  ///< a line whose end has not come yet
  };
  struct Target {
    int number;
    bool terminal;
    std::string waiting;
    bool line_open = false;  ///< the last byte is no end of line
    int problem = 0;         ///< errno
  };

  // Returns whether something came.
  bool read(Source& source);
  void pass_on(Source& source, bool ended);
  void put(Target& target, std::string_view text, bool own_line);
  static void write(Target& target);

  Target targets_[2];
  bool one_stream_ = false;
  bool hands_on_broken_pipes_ = false;
  std::vector<Source> sources_;
};

}  // namespace muster::inline app
