#include "muster/base/plain_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "muster/base/error.h"

namespace muster::inline base {

namespace {

[[noreturn]] void refuse(const std::string& path, const std::string& reason) {
  throw FileError(fmt::format("cannot read '{}': {}", path, reason));
}

std::string refusal(mode_t mode) {
  if (S_ISDIR(mode)) return "it is a folder, not a file";
  const char* const kind = S_ISFIFO(mode) ? "a pipe" : S_ISSOCK(mode) ? "a socket" : "a device";
  return fmt::format("it is no plain file but {}; data are read more than once, so write them to a file",
                     kind);
}

}  // namespace

// Not blocking: opening a pipe does not wait for its writer.
PlainFile::PlainFile(const std::string& path) {
  const int number = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (number < 0) refuse(path, errno == ENXIO ? "it is a socket or a device" : std::strerror(errno));
  file_ = OpenFile::adopt(number, path);
  struct stat status {};
  if (::fstat(number, &status) != 0) refuse(path, std::strerror(errno));
  if (!S_ISREG(status.st_mode)) refuse(path, refusal(status.st_mode));
  size_ = status.st_size;
}

void PlainFile::read_at(int64_t offset, void* to, size_t bytes) const {
  if (file_.read_at(offset, to, bytes) == bytes) return;
  throw DataError(
      fmt::format("'{}' ends at byte {} now, it had {} bytes when it was opened: it was shortened while "
                  "it was in use",
                  path(), size_now(), size_));
}

std::string PlainFile::beginning(int64_t most) const {
  std::string bytes(static_cast<size_t>(std::min(most, size_)), '\0');
  read_at(0, bytes.data(), bytes.size());
  return bytes;
}

std::string read_plain_file(const std::string& path) {
  const PlainFile file(path);
  return file.beginning(file.size());
}

}  // namespace muster::inline base
