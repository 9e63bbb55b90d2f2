#include "muster/flat/layout.h"

#include <utility>

#include "muster/base/error.h"

namespace muster::inline flat {

void Layout::add(std::string name, std::vector<int64_t> shape, bool norm_or_bias) {
  int64_t size = 1;
  for (const int64_t extent : shape) {
    invariant(extent >= 0, "a tensor's extents are not negative");
    size *= extent;
  }
  pieces_.push_back({std::move(name), std::move(shape), size_, size, norm_or_bias});
  size_ += size;
}

}  // namespace muster::inline flat
