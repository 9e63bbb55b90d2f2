#include "muster/task/token_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "muster/base/error.h"

namespace muster {

namespace {

[[noreturn]] void fail(const std::string& path, const char* reason) {
  throw FileError(fmt::format("cannot read '{}': {}", path, reason));
}

// The mapping outlives the descriptor.
class Mapping {
 public:
  explicit Mapping(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) fail(path, std::strerror(errno));
    struct stat status {};
    const bool known = ::fstat(file, &status) == 0;
    if (known && S_ISREG(status.st_mode) && status.st_size > 0) {
      size_ = static_cast<size_t>(status.st_size);
      data_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
    }
    const int problem = errno;
    ::close(file);
    if (!known || data_ == MAP_FAILED) fail(path, std::strerror(problem));
    if (!S_ISREG(status.st_mode)) fail(path, "it is no plain file");
    if (size_ == 0) throw DataError(fmt::format("'{}' is empty; a text is expected", path));
  }
  ~Mapping() { ::munmap(data_, size_); }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  const std::byte* data() const { return static_cast<const std::byte*>(data_); }
  int64_t size() const { return static_cast<int64_t>(size_); }

 private:
  void* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace

Tokens map_token_file(const std::string& path, TokenType type) {
  const auto mapping = std::make_shared<const Mapping>(path);
  const int64_t width = bytes_of(type);
  if (mapping->size() % width != 0)
    throw DataError(
        fmt::format("'{}' has {} bytes, {} more than {} whole tokens of {} bytes; it is truncated, or "
                    "text.token_type is another",
                    path, mapping->size(), mapping->size() % width, mapping->size() / width, width));
  const std::byte* const first = mapping->data();
  const int64_t size = mapping->size() / width;
  return {mapping, first, type, size, path};
}

}  // namespace muster
