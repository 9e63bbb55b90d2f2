#include "muster/base/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "muster/base/error.h"

namespace muster {

namespace {

[[noreturn]] void fail(const std::string& what, const std::string& path) {
  throw FileError("cannot " + what + " '" + path + "': " + std::strerror(errno));
}

class Descriptor {
 public:
  Descriptor(const std::string& path, int flags, const char* what)
      : number_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {
    if (number_ < 0) fail(what, path);
  }
  ~Descriptor() {
    // Whoever writes has flushed before, which is where a failure shows.
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return number_; }

 private:
  int number_;
};

void write_all(int descriptor, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("write", path);
    content.remove_prefix(static_cast<size_t>(written));
  }
}

template <typename Take>
void read_in_pieces(const std::string& path, const Take& take) {
  const Descriptor file(path, O_RDONLY, "read");
  std::string buffer(1 << 20, '\0');
  while (true) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("read", path);
    if (count == 0) return;
    take(buffer.data(), static_cast<size_t>(count));
  }
}

}  // namespace

bool is_there(const std::string& path) {
  std::error_code problem;
  const auto status = std::filesystem::status(path, problem);
  if (status.type() == std::filesystem::file_type::none)
    throw FileError("cannot look at '" + path + "': " + problem.message());
  return std::filesystem::exists(status);
}

std::string read_file(const std::string& path) {
  std::string content;
  read_in_pieces(path, [&](const char* data, size_t bytes) { content.append(data, bytes); });
  return content;
}

FileDigest digest_of_file(const std::string& path) {
  Checksum checksum;
  int64_t length = 0;
  read_in_pieces(path, [&](const char* data, size_t bytes) {
    checksum.add(data, bytes);
    length += static_cast<int64_t>(bytes);
  });
  return {length, checksum.value()};
}

void write_file_atomically(const std::string& path, std::string_view content) {
  const std::string beside = path + ".part";
  try {
    std::remove(beside.c_str());  // what an interrupted writer left, or a link: never written through
    const Descriptor file(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, "write");
    write_all(file.get(), content, path);
    if (::fsync(file.get()) != 0) fail("flush", path);
    if (std::rename(beside.c_str(), path.c_str()) != 0) fail("write", path);
  } catch (...) {
    std::remove(beside.c_str());  // the failure that is thrown counts
    throw;
  }
  const std::string folder = std::filesystem::path(path).parent_path().string();
  sync_to_disk(folder.empty() ? "." : folder);
}

void sync_to_disk(const std::string& path) {
  const Descriptor file(path, O_RDONLY, "open");
  if (::fsync(file.get()) != 0) fail("flush", path);
}

}  // namespace muster
