#include "muster/task/models/fits_memory.h"

#include <fmt/format.h>
#include <unistd.h>

#include "muster/base/error.h"
#include "muster/base/format.h"

namespace muster::inline task {

void require_memory_for(double parameters, std::string_view field, std::string_view value) {
  const double machine =
      static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  const double bytes = 4 * parameters;
  if (machine <= 0 || bytes <= machine) return;
  throw OptionError(field, value,
                    fmt::format("makes {:.3g} parameters of {}, and this machine has {} of memory: use less",
                                parameters, format_bytes(bytes), format_bytes(machine)));
}

}  // namespace muster::inline task
