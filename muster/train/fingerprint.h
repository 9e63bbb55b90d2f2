#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace muster::inline train {

/// A run's fingerprint is a JSON object of what must be the same for a checkpoint to be resumed bit for bit:
/// options, layout, number of workers. Throws CheckpointError, naming `where`, the first differing key
/// (nested ones as "section.key") and both values, when `stored` and `present` are not equal. The content of
/// the data (section "data", see Task::content) is compared where both have it; older checkpoints lack it.
/// The paths of the data are not compared.
void require_same_fingerprint(const std::string& where, const std::string& stored,
                              const std::string& present);

/// The steps of the whole run in a fingerprint ("run.steps"), and the same fingerprint with others. REQUIRES:
/// a JSON object.
std::optional<int64_t> steps_in(const std::string& fingerprint);
std::string with_steps(const std::string& fingerprint, int64_t steps);

}  // namespace muster::inline train
