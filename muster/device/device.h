#pragma once

#include <cstdint>
#include <string>

namespace muster::inline device {

/// A device that holds memory and computes with it.
struct Device {
  enum class Kind : uint8_t { cpu, cuda };

  Kind kind = Kind::cpu;
  int index = 0;  ///< which one of its kind; 0 for the CPU

  bool is_cpu() const { return kind == Kind::cpu; }
  /// "cpu", "cuda:1".
  std::string name() const;
  bool operator==(const Device&) const = default;
};

}  // namespace muster::inline device
