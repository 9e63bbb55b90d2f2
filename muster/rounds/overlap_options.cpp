#include "muster/rounds/overlap_options.h"

#include <string>

#include "muster/base/error.h"
#include "muster/base/format.h"

namespace muster::inline rounds {

void OverlapOptions::validate() const {
  if (delay && *delay < 0)
    throw OptionError("comm.delay", std::to_string(*delay), "give a number of steps, 0 or more");
  if (!(blend >= 0 && blend <= 1))
    throw OptionError("comm.blend", format_number(blend), "give a number from 0 to 1");
  if (fragments < 1)
    throw OptionError("comm.fragments", std::to_string(fragments), "give a number of pieces, 1 or more");
}

}  // namespace muster::inline rounds
