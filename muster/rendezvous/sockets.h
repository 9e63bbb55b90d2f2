#pragma once

#include <chrono>
#include <string>
#include <utility>

namespace muster::inline rendezvous {

/// Owns a file descriptor.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int number) : number_(number) {}
  FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~FileDescriptor();

  int number() const { return number_; }

 private:
  int number_ = -1;
};

using SteadyTime = std::chrono::steady_clock::time_point;

/// Milliseconds for poll(): until `deadline`, rounded up, 0 when it has passed, at most an hour.
int poll_milliseconds(SteadyTime now, SteadyTime deadline);

/// A listening socket that does not block. Throws Error, naming address and port.
FileDescriptor listen_on(const std::string& address, int port);
int port_of(const FileDescriptor& listener);

/// A connection that does not block. Throws LostPeer with the reason when there is none by the deadline.
FileDescriptor connect_to(const std::string& address, int port, SteadyTime deadline);

/// Whether errno of a call on a descriptor that does not block says that it may succeed later.
bool try_later(int problem);

/// Sends small messages at once and notices a lost link without traffic.
void set_connection_options(int descriptor);

/// An eventfd: makes a thread's poll() return.
FileDescriptor make_waker();
void wake(const FileDescriptor& waker);
void take_wake(const FileDescriptor& waker);

}  // namespace muster::inline rendezvous
