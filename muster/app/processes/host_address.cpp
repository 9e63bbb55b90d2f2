#include "muster/app/processes/host_address.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "muster/base/error.h"
#include "muster/rendezvous/sockets.h"

namespace muster::inline app {

namespace {

std::string without_user(const std::string& host) { return host.substr(host.find('@') + 1); }

// The address of our end of a socket; "" when there is none.
std::string own_address(int socket) {
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  std::array<char, NI_MAXHOST> text{};
  auto* const address = reinterpret_cast<sockaddr*>(&own);
  if (::getsockname(socket, address, &size) != 0) return {};
  if (::getnameinfo(address, size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0) return {};
  return text.data();
}

}  // namespace

bool is_this_host(const std::string& host) {
  if (host.find('@') != std::string::npos) return false;  // another user: through the remote shell
  if (host == "localhost" || host == "::1" || host.starts_with("127.")) return true;
  std::array<char, 256> own{};
  return ::gethostname(own.data(), own.size() - 1) == 0 && host == own.data();
}

std::string address_facing(const std::string& host) {
  const std::string name = without_user(host);
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;  // connecting one sends nothing
  addrinfo* found = nullptr;
  if (const int problem = ::getaddrinfo(name.c_str(), "9", &hints, &found); problem != 0)
    throw Error(
        fmt::format("cannot find the host '{}' ({}): give with --address under which address of this "
                    "machine the hosts reach it",
                    name, ::gai_strerror(problem)));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  int reason = 0;
  for (const addrinfo* way = found; way != nullptr; way = way->ai_next) {
    const FileDescriptor socket(::socket(way->ai_family, way->ai_socktype | SOCK_CLOEXEC, way->ai_protocol));
    if (socket.number() >= 0 && ::connect(socket.number(), way->ai_addr, way->ai_addrlen) == 0) {
      std::string address = own_address(socket.number());
      if (!address.empty()) return address;
    }
    reason = errno;
  }
  throw Error(
      fmt::format("no way leads to the host '{}' ({}): give with --address under which address of this "
                  "machine the hosts reach it",
                  name, std::strerror(reason)));
}

int free_port() { return port_of(listen_on("0.0.0.0", 0)); }

std::string host_and_port(const std::string& address, int port) {
  const bool six = address.find(':') != std::string::npos;
  return six ? fmt::format("[{}]:{}", address, port) : fmt::format("{}:{}", address, port);
}

}  // namespace muster::inline app
