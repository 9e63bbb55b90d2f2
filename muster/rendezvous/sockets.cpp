#include "muster/rendezvous/sockets.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>

#include "muster/base/error.h"
#include "muster/rendezvous/nobody_listens.h"

namespace muster::inline rendezvous {

namespace {

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Addresses resolve(const std::string& address, int port, int flags, std::string& problem) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found))
    problem = ::gai_strerror(code);
  return {found, &::freeaddrinfo};
}

// The options are improvements only: a connection also works without them.
void set_option(int descriptor, int level, int option, int value) {
  // See above.
  ::setsockopt(descriptor, level, option, &value, sizeof value);
}

FileDescriptor open_socket(const addrinfo& at) {
  return FileDescriptor(::socket(at.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, at.ai_protocol));
}

bool listens(const FileDescriptor& socket, const addrinfo& at) {
  set_option(socket.number(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (at.ai_family == AF_INET6) set_option(socket.number(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
  return ::bind(socket.number(), at.ai_addr, at.ai_addrlen) == 0 && ::listen(socket.number(), SOMAXCONN) == 0;
}

/// 0, or what went wrong.
int connect_one(const FileDescriptor& socket, const addrinfo& to, SteadyTime deadline) {
  if (socket.number() < 0) return errno;
  if (::connect(socket.number(), to.ai_addr, to.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd waiting{socket.number(), POLLOUT, 0};
  int ready = 0;
  do {
    ready = ::poll(&waiting, 1, poll_milliseconds(std::chrono::steady_clock::now(), deadline));
  } while (ready < 0 && errno == EINTR);
  if (ready <= 0) return ETIMEDOUT;
  int problem = 0;
  socklen_t size = sizeof problem;
  ::getsockopt(socket.number(), SOL_SOCKET, SO_ERROR, &problem, &size);
  return problem;
}

/// A connection to a port that nobody listens at may be given that very port, and so reach itself.
bool reaches_itself(const FileDescriptor& socket) {
  sockaddr_storage here{};
  sockaddr_storage there{};
  socklen_t here_size = sizeof here;
  socklen_t there_size = sizeof there;
  return ::getsockname(socket.number(), reinterpret_cast<sockaddr*>(&here), &here_size) == 0 &&
         ::getpeername(socket.number(), reinterpret_cast<sockaddr*>(&there), &there_size) == 0 &&
         here_size == there_size && std::memcmp(&here, &there, here_size) == 0;
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (number_ >= 0) ::close(number_);  // sockets and pipes: close() loses nothing that was sent
}

bool try_later(int problem) { return problem == EAGAIN || problem == EWOULDBLOCK || problem == EINTR; }

int poll_milliseconds(SteadyTime now, SteadyTime deadline) {
  if (deadline <= now) return 0;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now);
  return static_cast<int>(std::min<int64_t>(left.count(), 3'600'000));
}

FileDescriptor listen_on(const std::string& address, int port) {
  std::string problem;
  const Addresses addresses = resolve(address, port, AI_PASSIVE, problem);
  for (const addrinfo* at = addresses.get(); at != nullptr; at = at->ai_next) {
    FileDescriptor socket = open_socket(*at);
    if (socket.number() >= 0 && listens(socket, *at)) return socket;
    problem = std::strerror(errno);
  }
  throw Error(fmt::format("cannot listen on {}, port {}: {}; choose an address of this host and a free port",
                          address, port, problem));
}

int port_of(const FileDescriptor& listener) {
  sockaddr_storage at{};
  socklen_t size = sizeof at;
  ::getsockname(listener.number(), reinterpret_cast<sockaddr*>(&at), &size);
  return ntohs(at.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(at).sin6_port
                                        : reinterpret_cast<sockaddr_in&>(at).sin_port);
}

FileDescriptor connect_to(const std::string& address, int port, SteadyTime deadline) {
  std::string problem;
  bool refused = true;
  const Addresses addresses = resolve(address, port, 0, problem);
  if (!addresses) refused = false;
  for (const addrinfo* to = addresses.get(); to != nullptr; to = to->ai_next) {
    FileDescriptor socket = open_socket(*to);
    int code = connect_one(socket, *to, deadline);
    if (code == 0 && reaches_itself(socket)) code = ECONNREFUSED;
    if (code == 0) {
      set_connection_options(socket.number());
      return socket;
    }
    refused = refused && code == ECONNREFUSED;
    problem = std::strerror(code);
  }
  if (refused) throw NobodyListens(problem);
  throw LostPeer(problem);
}

void set_connection_options(int descriptor) {
  set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, 15);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPCNT, 4);
}

FileDescriptor make_waker() {
  FileDescriptor waker(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (waker.number() < 0) throw Error(fmt::format("cannot make an eventfd: {}", std::strerror(errno)));
  return waker;
}

void wake(const FileDescriptor& waker) {
  const uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(waker.number(), &one, sizeof one);
}

void take_wake(const FileDescriptor& waker) {
  uint64_t count = 0;
  [[maybe_unused]] const auto taken = ::read(waker.number(), &count, sizeof count);
}

}  // namespace muster::inline rendezvous
