#include "muster/train/checked_stream.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/file.h"

namespace muster {

namespace {

constexpr size_t chunk = size_t{1} << 20;  // checksum and system call work on the same cached bytes

[[noreturn]] void fail(const char* what, const std::string& path) {
  throw FileError(fmt::format("cannot {} '{}': {}", what, path, std::strerror(errno)));
}

}  // namespace

CheckedWriter::CheckedWriter(std::string path) : path_(std::move(path)), beside_(path_ + ".part") {
  ::unlink(beside_.c_str());  // what an interrupted writer left, or a link: never written through
  descriptor_ = ::open(beside_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail("write", path_);
}

CheckedWriter::~CheckedWriter() {
  if (descriptor_ < 0) return;
  // Without commit() nothing was promised.
  ::close(descriptor_);
  ::unlink(beside_.c_str());  // likewise; the next writer of the file makes it anew
}

void CheckedWriter::write(const void* data, size_t bytes) {
  const char* from = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t written = ::write(descriptor_, from, std::min(bytes, chunk));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("write", path_);
    checksum_.add(from, static_cast<size_t>(written));
    bytes_ += written;
    from += written;
    bytes -= static_cast<size_t>(written);
  }
}

FileDigest CheckedWriter::commit() {
  if (::fsync(descriptor_) != 0) fail("flush", path_);
  if (std::rename(beside_.c_str(), path_.c_str()) != 0) fail("write", path_);
  const bool closed = ::close(std::exchange(descriptor_, -1)) == 0;
  if (!closed) fail("close", path_);
  const std::string folder = std::filesystem::path(path_).parent_path().string();
  sync_to_disk(folder.empty() ? "." : folder);
  return {bytes_, checksum_.value()};
}

CheckedReader::CheckedReader(std::string path) : path_(std::move(path)) {
  descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0) fail("read", path_);
  struct stat found {};
  if (::fstat(descriptor_, &found) != 0 || S_ISDIR(found.st_mode)) {
    if (S_ISDIR(found.st_mode)) errno = EISDIR;
    ::close(descriptor_);  // only read from
    fail("read", path_);
  }
  size_ = found.st_size;
}

CheckedReader::~CheckedReader() { ::close(descriptor_); }

void CheckedReader::read(void* data, size_t bytes) {
  char* to = static_cast<char*>(data);
  while (bytes > 0) {
    const ssize_t count = ::read(descriptor_, to, std::min(bytes, chunk));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("read", path_);
    if (count == 0) throw DataError(fmt::format("'{}' is truncated: it ends after {} bytes", path_, bytes_));
    checksum_.add(to, static_cast<size_t>(count));
    bytes_ += count;
    to += count;
    bytes -= static_cast<size_t>(count);
  }
}

}  // namespace muster
