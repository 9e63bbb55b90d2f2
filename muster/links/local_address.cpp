#include "muster/links/local_address.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdlib>
#include <memory>

#include "muster/base/error.h"
#include "muster/rendezvous/launcher_variables.h"

namespace muster::inline links {

namespace {

std::string known_interfaces() {
  std::string names;
  const std::unique_ptr<struct if_nameindex, decltype(&::if_freenameindex)> list(::if_nameindex(),
                                                                                 &::if_freenameindex);
  for (const auto* entry = list.get(); entry && entry->if_index != 0; ++entry)
    names += (names.empty() ? "" : ", ") + std::string(entry->if_name);
  return names;
}

std::string in_digits(const sockaddr* address, socklen_t length) {
  std::array<char, NI_MAXHOST> text{};
  if (::getnameinfo(address, length, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0) return {};
  return text.data();
}

/// The first one of the interface; empty: it has none.
std::string of_interface(const std::string& name) {
  ifaddrs* found = nullptr;
  if (::getifaddrs(&found) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> all(found, &::freeifaddrs);
  for (const ifaddrs* one = found; one; one = one->ifa_next) {
    if (!one->ifa_addr || name != one->ifa_name) continue;
    if (one->ifa_addr->sa_family == AF_INET) return in_digits(one->ifa_addr, sizeof(sockaddr_in));
    if (one->ifa_addr->sa_family == AF_INET6) return in_digits(one->ifa_addr, sizeof(sockaddr_in6));
  }
  return {};
}

bool is_of_this_host(const addrinfo& address) {
  const int socket = ::socket(address.ai_family, address.ai_socktype, address.ai_protocol);
  if (socket < 0) return false;
  const bool bound = ::bind(socket, address.ai_addr, address.ai_addrlen) == 0;
  ::close(socket);  // nothing was written
  return bound;
}

/// The first address behind the name that belongs to this host; empty: none does.
std::string of_name(const std::string& name) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(name.c_str(), nullptr, &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(found, &::freeaddrinfo);
  for (const addrinfo* one = found; one; one = one->ai_next)
    if (is_of_this_host(*one)) return in_digits(one->ai_addr, one->ai_addrlen);
  return {};
}

std::string own_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::string of_interface_or_name(const std::string& text) {
  return ::if_nametoindex(text.c_str()) != 0 ? of_interface(text) : of_name(text);
}

}  // namespace

std::string local_address(const std::string& interface) {
  const char* const environment = std::getenv("GLOO_SOCKET_IFNAME");
  const bool from_environment = interface.empty() && environment != nullptr;
  std::string wanted = interface;
  if (from_environment) wanted = std::string(environment).substr(0, std::string(environment).find(','));
  if (wanted.empty()) {
    const std::string address = of_name(own_name());
    return address.empty() ? "127.0.0.1" : address;
  }
  const std::string address = of_interface_or_name(wanted);
  if (!address.empty()) return address;
  const std::string remedy = "must be a network interface of this host (" + known_interfaces() +
                             ") or one of its addresses or names";
  if (from_environment) refuse_variable("GLOO_SOCKET_IFNAME", environment, remedy);
  throw OptionError("comm.interface", "'" + wanted + "'", remedy);
}

}  // namespace muster::inline links
