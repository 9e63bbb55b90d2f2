#pragma once

namespace muster::inline schedule {

/// cos(pi x) for 0 <= x <= 1, to about one unit in the last place, from additions and multiplications only:
/// the same bits on every machine (the C library chooses its cosine by processor).
double cosine_of_half_turns(double x);

}  // namespace muster::inline schedule
