#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "muster/app/keys/options.h"

namespace muster::inline app {

class Catalogue;

/// Throws UnusedOption (run.probe) where a probe would never be due because the run has fewer rounds than its
/// `every`. The rounds of rules that follow the run's loss or divergence are not known beforehand: see
/// probes_never_due(). REQUIRES: a configuration from resolve().
void check_probes_are_due(const Catalogue& catalogue, const Configuration& configuration,
                          int64_t total_steps);

/// After a run of so many rounds: a line for each probe that never was due.
std::vector<std::string> probes_never_due(const Configuration& configuration, int64_t rounds);

}  // namespace muster::inline app
