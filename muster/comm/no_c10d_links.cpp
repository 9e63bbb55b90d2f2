#include "muster/base/error.h"
#include "muster/comm/links.h"

namespace muster {

namespace {

[[noreturn]] void refuse() {
  throw Error(
      "this Muster was built against a LibTorch without c10d and Gloo: it knows groups of one process only");
}

}  // namespace

std::unique_ptr<Links> Links::connect(KeyValues&, const std::string&, int, int, const LinkOptions&) {
  refuse();
}

std::unique_ptr<KeyValues> torchrun_store(const std::string&, int, std::chrono::milliseconds, Waits*) {
  refuse();
}

}  // namespace muster
