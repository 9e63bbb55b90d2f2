#include "muster/links/unix_socket.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "muster/base/error.h"
#include "muster/base/secret_bits.h"

namespace muster::inline links {

namespace {

FileDescriptor open_socket() {
  FileDescriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.number() < 0) throw Error(fmt::format("cannot make a Unix socket: {}", std::strerror(errno)));
  return socket;
}

struct Address {
  sockaddr_un at{};
  socklen_t size = 0;
};
/// A name that begins with a zero byte is abstract.
Address address_of(const std::string& name) {
  Address address;
  address.at.sun_family = AF_UNIX;
  const size_t length = std::min(name.size(), sizeof address.at.sun_path - 1);
  std::memcpy(address.at.sun_path + 1, name.data(), length);
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + length);
  return address;
}

/// Whether the other end belongs to a process of this user.
bool of_this_user(const FileDescriptor& socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(socket.number(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == ::geteuid();
}

/// A message of one number, with room for one descriptor beside it.
struct Packet {
  int number = 0;
  iovec part{&number, sizeof number};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr header{};

  Packet() {
    header.msg_iov = &part;
    header.msg_iovlen = 1;
  }
  Packet(const Packet&) = delete;
  Packet& operator=(const Packet&) = delete;
  void make_room() {
    header.msg_control = control;
    header.msg_controllen = sizeof control;
  }
};

}  // namespace

HostListener listen_on_host() {
  HostListener listener{open_socket(), fmt::format("muster-{:016x}{:016x}", secret_bits(), secret_bits())};
  const Address address = address_of(listener.name);
  const int socket = listener.socket.number();
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&address.at), address.size) != 0 ||
      ::listen(socket, SOMAXCONN) != 0)
    throw Error(fmt::format("cannot listen on a Unix socket: {}", std::strerror(errno)));
  return listener;
}

FileDescriptor connect_on_host(const std::string& name) {
  FileDescriptor socket = open_socket();
  const Address address = address_of(name);
  int result = 0;
  do {
    result = ::connect(socket.number(), reinterpret_cast<const sockaddr*>(&address.at), address.size);
  } while (result != 0 && errno == EINTR);
  if (result != 0 && errno == EAGAIN) return {};
  if (result != 0) throw LostPeer(std::strerror(errno));
  if (!of_this_user(socket)) throw Error("it belongs to another user");
  return socket;
}

FileDescriptor accept_on_host(const FileDescriptor& listener) {
  while (true) {
    FileDescriptor socket(::accept4(listener.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.number() < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (socket.number() < 0 || of_this_user(socket)) return socket;
  }
}

bool send_number(const FileDescriptor& to, int number, int descriptor) {
  Packet packet;
  packet.number = number;
  if (descriptor >= 0) {
    packet.make_room();
    cmsghdr* const control = CMSG_FIRSTHDR(&packet.header);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(sizeof descriptor);
    std::memcpy(CMSG_DATA(control), &descriptor, sizeof descriptor);
  }
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(to.number(), &packet.header, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(sizeof number);
}

std::optional<NumberReceived> receive_number(const FileDescriptor& from) {
  Packet packet;
  packet.make_room();
  ssize_t received = 0;
  do {
    received = ::recvmsg(from.number(), &packet.header, MSG_CMSG_CLOEXEC);
  } while (received < 0 && errno == EINTR);
  NumberReceived result;
  const cmsghdr* const control = CMSG_FIRSTHDR(&packet.header);
  if (received >= 0 && control != nullptr && control->cmsg_level == SOL_SOCKET &&
      control->cmsg_type == SCM_RIGHTS && control->cmsg_len == CMSG_LEN(sizeof(int))) {
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(control), sizeof descriptor);
    result.descriptor = FileDescriptor(descriptor);
  }
  if (received != static_cast<ssize_t>(sizeof packet.number)) return std::nullopt;
  result.number = packet.number;
  return result;
}

bool can_read(const FileDescriptor& from, std::chrono::milliseconds within) {
  pollfd asked{from.number(), POLLIN, 0};
  return ::poll(&asked, 1, static_cast<int>(within.count())) > 0;
}

}  // namespace muster::inline links
