#pragma once

#include <string>
#include <vector>

namespace muster::inline app {

class Catalogue;

// The studies of `muster study`: each gets the words behind its name and returns the exit code.

/// Local SGD on a convex problem: measured curves beside the bounds of the theorems.
int study_convex(const Catalogue& catalogue, const std::vector<std::string>& words);
/// SGD and Local SGD compared with their slow SDE, on problems with a closed form.
int study_slow_sde(const Catalogue& catalogue, const std::vector<std::string>& words);
/// Rules for meetings on a small non-convex problem, many whole trainings.
int study_teacher(const Catalogue& catalogue, const std::vector<std::string>& words);

}  // namespace muster::inline app
