#include "muster/device/device.h"

namespace muster::inline device {

std::string Device::name() const { return is_cpu() ? "cpu" : "cuda:" + std::to_string(index); }

}  // namespace muster::inline device
