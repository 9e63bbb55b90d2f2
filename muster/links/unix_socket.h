#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "muster/rendezvous/sockets.h"

namespace muster::inline links {

/// Connections between processes of one user on one host, over Unix sockets whose names are in no file system
/// ("abstract") and hold within a network namespace. Messages are short and arrive whole.
struct HostListener {
  FileDescriptor socket;
  std::string name;  ///< random, so that nobody can guess it
};
/// Throws Error where the system gives no socket.
HostListener listen_on_host();

/// Null descriptor (number() < 0) where the listener's queue is full: try again. Throws LostPeer where nobody
/// listens, Error where the listener belongs to another user.
FileDescriptor connect_on_host(const std::string& name);

/// The next connection from a process of this user; connections of other users are closed. Null descriptor
/// where there is none.
FileDescriptor accept_on_host(const FileDescriptor& listener);

/// Sends a number and, where there is one, a descriptor. False where the other end is gone.
bool send_number(const FileDescriptor& to, int number, int descriptor = -1);
struct NumberReceived {
  int number = 0;
  FileDescriptor descriptor{};
};
/// Reads what has arrived. Nothing where the other end is gone, or has sent something else. REQUIRES:
/// can_read().
std::optional<NumberReceived> receive_number(const FileDescriptor& from);

/// Something has arrived, or the other end is gone; waits for it at most so long.
bool can_read(const FileDescriptor& from, std::chrono::milliseconds within);

}  // namespace muster::inline links
