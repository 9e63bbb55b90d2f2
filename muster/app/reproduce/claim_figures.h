#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "muster/app/reproduce/claim_expression.h"
#include "muster/app/reproduce/claims.h"

namespace muster::inline app {

/// What the runs printed, as JSON texts: one for each seed, or one.
using RunResults = std::map<std::string, std::vector<std::string>>;

/// The numbers at `pointer` ("/arms/name=cp8/rounds/mean", "/rows/*/simulated") of a JSON text: true is 1,
/// null NaN. A `*` makes a list. Throws DataError: nothing there, or no number.
std::vector<double> numbers_at(std::string_view json, const std::string& pointer);

/// The numbers that `from` names: a list where the run has several seeds or the pointer a `*`.
FigureValue read_figure(const std::string& name, const std::string& from, const RunResults& results);

/// All figures of a test, in order. Throws DataError.
std::vector<FigureValue> find_figures(const ClaimTest& test, const RunResults& results);

/// `shows` with the figures put in, lists by their mean. Throws DataError for a form that cannot be written.
std::string shown_figures(const ClaimTest& test, const std::vector<FigureValue>& figures);

}  // namespace muster::inline app
