#include "muster/base/error.h"

namespace muster::inline base {

OptionError::OptionError(std::string_view field, std::string_view value, std::string_view remedy)
    : Error(std::string(field) + " = " + std::string(value) + ": " + std::string(remedy)) {}

}  // namespace muster::inline base
