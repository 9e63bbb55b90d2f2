#include "muster/links/shared_memory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "muster/base/error.h"

namespace muster::inline links {

namespace {

constexpr int length_seals = F_SEAL_SHRINK | F_SEAL_GROW;

[[noreturn]] void fail(const char* what) {
  throw Error(fmt::format("cannot {} memory to share with other processes: {}", what, std::strerror(errno)));
}

}  // namespace

SharedMemory SharedMemory::create(size_t bytes) {
  FileDescriptor descriptor(::memfd_create("muster-links", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (descriptor.number() < 0 || ::ftruncate(descriptor.number(), static_cast<off_t>(bytes)) != 0)
    fail("get");
  if (::fcntl(descriptor.number(), F_ADD_SEALS, length_seals | F_SEAL_SEAL) != 0) fail("seal");
  return {std::move(descriptor), bytes};
}

SharedMemory SharedMemory::adopt(FileDescriptor descriptor, size_t bytes) {
  struct stat found {};
  const int seals = ::fcntl(descriptor.number(), F_GET_SEALS);
  if (seals < 0 || ::fstat(descriptor.number(), &found) != 0) fail("look at");
  if ((seals & length_seals) != length_seals || found.st_size != static_cast<off_t>(bytes))
    throw Error(fmt::format("another process sent memory of {} bytes where {} sealed ones were expected",
                            found.st_size, bytes));
  return {std::move(descriptor), bytes};
}

SharedMemory::SharedMemory(FileDescriptor descriptor, size_t bytes)
    : descriptor_(std::move(descriptor)), bytes_(bytes) {
  void* const mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_.number(), 0);
  if (mapped == MAP_FAILED) fail("map");
  data_ = static_cast<std::byte*>(mapped);
}

SharedMemory::SharedMemory(SharedMemory&& other) noexcept
    : descriptor_(std::move(other.descriptor_)),
      data_(std::exchange(other.data_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)) {}

SharedMemory::~SharedMemory() {
  if (data_ != nullptr) ::munmap(data_, bytes_);  // cannot fail: these are the bounds that were mapped
}

void SharedMemory::take_pages(size_t offset, size_t bytes) {
  int result = 0;
  do {
    result = ::fallocate(descriptor_.number(), 0, static_cast<off_t>(offset), static_cast<off_t>(bytes));
  } while (result != 0 && errno == EINTR);
  if (result != 0) fail("get");
}

void SharedMemory::close_descriptor() { descriptor_ = FileDescriptor(); }

}  // namespace muster::inline links
