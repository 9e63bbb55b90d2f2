#pragma once

#include <optional>
#include <string>
#include <vector>

#include "muster/app/reproduce/claims.h"

namespace muster::inline app {

/// Claims of the program itself, or of the files *.toml of a folder, by name. Throws DataError, FileError:
/// also for a part of a measured claim with fewer than eight seeds, or with arms of different seeds.
std::vector<ClaimFile> load_claims(const std::optional<std::string>& folder);

/// Whether a file of claims is asked for: "all", or its name with '-' or '_'.
bool is_asked_for(const ClaimFile& file, const std::string& paper);
/// Throws OptionError for a name that no file has.
void check_paper(const std::vector<ClaimFile>& files, const std::string& paper);

}  // namespace muster::inline app
