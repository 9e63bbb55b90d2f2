#include "muster/base/open_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "muster/base/error.h"

namespace muster::inline base {

namespace {

int flags_of(OpenFor purpose) {
  switch (purpose) {
    case OpenFor::reading:
    case OpenFor::flushing:
      return O_RDONLY;
    case OpenFor::replacing:
      return O_WRONLY | O_CREAT | O_TRUNC;
    case OpenFor::creating:
      return O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    case OpenFor::appending:
      return O_WRONLY | O_CREAT | O_APPEND;
    case OpenFor::extending:
      return O_WRONLY | O_APPEND;
    case OpenFor::updating:
      return O_RDWR | O_CREAT | O_NOFOLLOW;
  }
  throw Bug("a file is opened for nothing");
}

bool has_nothing_to_flush() { return errno == EINVAL || errno == EROFS; }

const char* opening_of(OpenFor purpose) {
  if (purpose == OpenFor::reading) return "read";
  return purpose == OpenFor::flushing ? "open" : "write";
}

}  // namespace

OpenFile::OpenFile(const std::string& path, OpenFor purpose, const std::string& called)
    : path_(called.empty() ? path : called) {
  do {
    number_ = ::open(path.c_str(), flags_of(purpose) | O_CLOEXEC, 0644);
  } while (number_ < 0 && errno == EINTR);
  if (number_ < 0) fail(opening_of(purpose));
  struct stat about {};
  if (::fstat(number_, &about) == 0 && (!S_ISDIR(about.st_mode) || purpose == OpenFor::flushing)) return;
  const int reason = S_ISDIR(about.st_mode) ? EISDIR : errno;
  ::close(std::exchange(number_, -1));  // nothing was written
  errno = reason;
  fail(opening_of(purpose));
}

OpenFile OpenFile::adopt(int number, std::string called) {
  OpenFile file;
  file.number_ = number;
  file.path_ = std::move(called);
  return file;
}

OpenFile::OpenFile(OpenFile&& other) noexcept
    : path_(std::move(other.path_)), number_(std::exchange(other.number_, -1)) {}

OpenFile& OpenFile::operator=(OpenFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(number_, other.number_);
  return *this;
}

OpenFile::~OpenFile() {
  if (number_ >= 0) ::close(number_);  // see the header
}

void OpenFile::fail(const char* what) const {
  throw FileError(std::string("cannot ") + what + " '" + path_ + "': " + std::strerror(errno));
}

int64_t OpenFile::size() const {
  struct stat about {};
  if (::fstat(number_, &about) != 0) fail("examine");
  return about.st_size;
}

size_t OpenFile::read_some(void* to, size_t most) {
  ssize_t got;
  do {
    got = ::read(number_, to, most);
  } while (got < 0 && errno == EINTR);
  if (got < 0) fail("read");
  return static_cast<size_t>(got);
}

size_t OpenFile::read_at(int64_t offset, void* to, size_t bytes) const {
  size_t done = 0;
  while (done < bytes) {
    const ssize_t got =
        ::pread(number_, static_cast<char*>(to) + done, bytes - done, offset + static_cast<int64_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("read");
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  return done;
}

void OpenFile::write(std::string_view content) {
  while (!content.empty()) {
    const ssize_t put = ::write(number_, content.data(), content.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail("write");
    content.remove_prefix(static_cast<size_t>(put));
  }
}

void OpenFile::write_at(int64_t offset, std::string_view content) {
  while (!content.empty()) {
    const ssize_t put = ::pwrite(number_, content.data(), content.size(), offset);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail("write");
    offset += put;
    content.remove_prefix(static_cast<size_t>(put));
  }
}

void OpenFile::cut(int64_t bytes) {
  if (::ftruncate(number_, bytes) != 0 || ::lseek(number_, bytes, SEEK_SET) < 0) fail("cut back");
}

void OpenFile::flush() {
  if (::fsync(number_) != 0 && !has_nothing_to_flush()) fail("flush");
}

void OpenFile::flush_data() {
  if (::fdatasync(number_) != 0 && !has_nothing_to_flush()) fail("flush");
}

void OpenFile::close() {
  if (number_ >= 0 && ::close(std::exchange(number_, -1)) != 0) fail("close");
}

}  // namespace muster::inline base
