#pragma once

#include <cstdint>

namespace muster::inline base {

/// P(T <= t) of Student's t with a whole number of degrees of freedom: the finite series of Abramowitz and
/// Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4. REQUIRES: freedom >= 1.
double student_probability(double t, int64_t freedom);

/// The t with P(|T| <= t) = confidence: half the width of a confidence interval, in standard errors.
/// REQUIRES: 0 < confidence < 1, freedom >= 1.
double student_quantile(double confidence, int64_t freedom);

}  // namespace muster::inline base
