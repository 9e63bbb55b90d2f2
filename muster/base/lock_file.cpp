#include "muster/base/lock_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "muster/base/error.h"

namespace muster::inline base {

namespace {

[[noreturn]] void fail(const std::string& what, const std::string& path) {
  throw FileError("cannot " + what + " '" + path + "': " + std::strerror(errno));
}

}  // namespace

LockFile::LockFile(std::string path)
    : path_(std::move(path)),
      descriptor_(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644)) {
  if (descriptor_ < 0 && errno == ELOOP)
    throw FileError("'" + path_ + "' is a symbolic link, which is not followed: remove it");
  if (descriptor_ < 0) fail("write", path_);
}

LockFile::LockFile(LockFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

LockFile& LockFile::operator=(LockFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

LockFile::~LockFile() {
  if (descriptor_ >= 0) ::close(descriptor_);  // its text is for messages only
}

LockFile::Outcome LockFile::try_to_lock() const {
  while (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK) return Outcome::busy;
    if (errno == ENOLCK || errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL)
      return Outcome::unsupported;
    fail("lock", path_);
  }
  return Outcome::taken;
}

bool LockFile::in_place() const {
  struct stat opened {
  }, named{};
  if (::fstat(descriptor_, &opened) != 0) fail("examine", path_);
  if (::lstat(path_.c_str(), &named) != 0) return false;
  return opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

std::string LockFile::text() const {
  std::string text(4096, '\0');
  const ssize_t count = ::pread(descriptor_, text.data(), text.size(), 0);
  if (count < 0) fail("read", path_);
  text.resize(static_cast<size_t>(count));
  return text;
}

void LockFile::set_text(std::string_view text) const {
  if (::ftruncate(descriptor_, 0) != 0) fail("write", path_);
  const ssize_t count = ::pwrite(descriptor_, text.data(), text.size(), 0);
  if (count >= 0 && count != static_cast<ssize_t>(text.size())) errno = ENOSPC;
  if (count != static_cast<ssize_t>(text.size())) fail("write", path_);
}

}  // namespace muster::inline base
