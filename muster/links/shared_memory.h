#pragma once

#include <cstddef>
#include <optional>

#include "muster/rendezvous/sockets.h"

namespace muster {

/// Memory that several processes see, behind a descriptor and without a name: nobody can open it who is not
/// handed the descriptor, and it is gone with the last process that has it, however that one ends. Its length
/// is sealed, so that nobody can take it away from the others.
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
  /// To hand to others.
  int descriptor() const { return descriptor_.number(); }
  /// Takes the pages of a stretch from the system now, on this process's own memory node, so that touching
  /// them later cannot fail. Throws Error where there are not so many.
  void take_pages(size_t offset, size_t bytes);
  /// Nothing more is to be done with the descriptor; the memory stays.
  void close_descriptor();

 private:
  SharedMemory(FileDescriptor descriptor, size_t bytes);

  FileDescriptor descriptor_;
  std::byte* data_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace muster
