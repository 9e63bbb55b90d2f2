#include "muster/base/same_secret.h"

namespace muster::inline base {

bool same_secret(std::string_view one, std::string_view other) {
  unsigned difference = one.size() == other.size() ? 0U : 1U;
  for (size_t i = 0; i < one.size(); ++i)
    difference |=
        static_cast<unsigned>(static_cast<unsigned char>(one[i]) ^
                              static_cast<unsigned char>(other.empty() ? '\0' : other[i % other.size()]));
  return difference == 0;
}

}  // namespace muster::inline base
