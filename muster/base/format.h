#pragma once

#include <cstdint>
#include <string>

namespace muster::inline base {

/// "1.23 GiB", "512 B".
std::string format_bytes(double bytes);
/// "1:02:03", "2:03", "4.2 s", "350 ms".
std::string format_duration(double seconds);
/// 1234567 -> "1,234,567".
std::string format_count(int64_t count);
/// At most `digits` significant digits, no trailing zeros: 0.1, 1e-06, 3.14.
std::string format_number(double value, int digits = 6);

}  // namespace muster::inline base
