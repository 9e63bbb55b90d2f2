#include "muster/base/log.h"

#include <cstdio>

namespace muster {

void write_log(std::string_view text) noexcept {
  // Not written is not an error here: there is no other place to say it, and the work goes on.
  if (std::fwrite(text.data(), 1, text.size(), stderr) != text.size()) std::clearerr(stderr);
}

}  // namespace muster
