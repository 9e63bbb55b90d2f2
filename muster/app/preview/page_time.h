#pragma once

#include <string>

namespace muster::inline app {

/// "2026-11-21 12:30": the local time, for the foot of a page.
std::string time_now();

}  // namespace muster::inline app
