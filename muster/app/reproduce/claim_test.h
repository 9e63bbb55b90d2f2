#pragma once

#include <string>

#include "muster/app/reproduce/claim_row.h"
#include "muster/app/reproduce/claims.h"

namespace muster::inline app {

/// Keys of a test, which a claim and its at_paper_scale have.
const std::vector<std::string_view>& claim_test_keys();

/// Throws DataError naming the row: what is missing, or does not fit the kind.
ClaimTest read_claim_test(const ClaimRow& row);

/// Checks every name and expression of a test, with ones in the place of the runs' figures. Throws DataError
/// beginning with `owner`.
void check_claim_test(const ClaimTest& test, const std::string& owner);

}  // namespace muster::inline app
