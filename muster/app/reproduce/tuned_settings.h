#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/app/reproduce/claims.h"

namespace muster::inline app {

/// What `reproduce --tune` found for an arm: the mean result at each value of its grid.
struct TunedArm {
  std::string name, setting;
  double value = 0;                         ///< the best
  std::vector<double> grid, means, errors;  ///< errors: standard errors; an infinite mean: a run diverged
  std::vector<int64_t> seeds;
  bool most = false;  ///< the largest mean is the best
};

/// The value with the best mean. Throws DataError where none is finite.
size_t best_of(const TunedArm& arm);

/// Whether the best value has neighbours in the grid on both sides.
bool is_inside(const TunedArm& arm);

/// The file tuned/settings.toml; `tuned_text` writes what `parse_tuned` reads. Throws DataError naming the
/// file and the arm: keys missing, a value that is not the best of its grid, or lies on the grid's edge.
std::vector<TunedArm> parse_tuned(std::string_view text, const std::string& file);
std::string tuned_text(const std::vector<TunedArm>& arms);

/// The tuned arms of the program itself, or of FOLDER/tuned/settings.toml; none where that is missing.
std::vector<TunedArm> load_tuned(const std::optional<std::string>& folder);

}  // namespace muster::inline app
