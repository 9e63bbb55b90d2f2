#include "muster/base/secret_bits.h"

#include <sys/random.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "muster/base/error.h"

namespace muster::inline base {

uint64_t secret_bits() {
  uint64_t bits = 0;
  ssize_t got = 0;
  do {
    got = ::getrandom(&bits, sizeof bits, 0);
  } while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(sizeof bits))
    throw Error(std::string("the system gives no random bits: ") + std::strerror(errno));
  return bits;
}

}  // namespace muster::inline base
