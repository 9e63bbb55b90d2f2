#pragma once

#include <cstddef>
#include <optional>

#include "muster/rendezvous/sockets.h"

namespace muster::inline links {

/// Memory shared by several processes, behind a descriptor and without a name: only processes that were
/// handed the descriptor can map it, and it is freed when the last of them ends, for whatever reason. Its
/// length is sealed, so that no process can shrink it under the others.
class SharedMemory {
 public:
  /// New memory, all zero. Throws Error where the system gives none.
  static SharedMemory create(size_t bytes);
  /// Maps the memory behind a descriptor that another process sent. Throws Error unless it is sealed memory
  /// of this length.
  static SharedMemory adopt(FileDescriptor descriptor, size_t bytes);
  SharedMemory(SharedMemory&& other) noexcept;
  SharedMemory& operator=(SharedMemory&& other) = delete;
  ~SharedMemory();

  std::byte* data() const { return data_; }
  size_t size() const { return bytes_; }
  /// To be handed to other processes.
  int descriptor() const { return descriptor_.number(); }
  /// Allocates the pages of a range now, on this process's own memory node, so that touching them later
  /// cannot fail. Throws Error where there are not enough.
  void take_pages(size_t offset, size_t bytes);
  /// Closes the descriptor; the mapping stays.
  void close_descriptor();

 private:
  SharedMemory(FileDescriptor descriptor, size_t bytes);

  FileDescriptor descriptor_;
  std::byte* data_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace muster::inline links
