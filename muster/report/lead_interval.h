#pragma once

#include <cstddef>
#include <optional>

#include "muster/report/arm_result.h"

namespace muster::inline report {

/// The interval over the seeds of a difference between two arms.
struct LeadInterval {
  double mean = 0;           ///< of the differences; positive where the first arm is better
  double low = 0, high = 0;  ///< Student's 99 % interval of that mean
  size_t seeds = 0;          ///< number of pairs; for unpaired arms the seeds of the smaller one
};

/// The lead of one arm over another: of the paired differences where both have the same seeds (runs of one
/// seed start from the same model); else of the difference of the means, with the degrees of freedom of the
/// smaller arm. Nothing where an arm has fewer than two seeds or was not measured. Units as of lead().
std::optional<LeadInterval> lead_interval(const ArmResult& better, const ArmResult& worse, Quality quality);

}  // namespace muster::inline report
