#pragma once

#include <cstdint>
#include <string_view>

namespace muster::inline task {

/// Before a network is made: throws OptionError (`field`, `value`) when its parameters alone, in 32 bits
/// each, are more than the memory of this machine.
void require_memory_for(double parameters, std::string_view field, std::string_view value);

}  // namespace muster::inline task
