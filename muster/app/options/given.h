#pragma once

#include <optional>
#include <string>
#include <vector>

#include "muster/app/keys/scope.h"
#include "muster/app/options/arguments.h"
#include "muster/app/options/toml_file.h"

namespace muster::inline app {

class Catalogue;

/// What a user gave, in two layers: the settings of a file, and over them those of the command line.
struct Given {
  std::string source;             ///< the file's name in messages; "" where there is none
  std::vector<FileSetting> file;  ///< with run.out where the file lies in the folder of such a run
  std::vector<Setting> over;
  std::vector<std::string> unused;  ///< what stands in the file and was set aside already: arms, a folder
};

/// Reads the configuration at `path`, if any: a file, or the folder of a run, which is then continued
/// (run.resume). Arms of a comparison are named in `unused`. A file that lies in the folder of a run of the
/// same kind means that folder; in that of another kind it means a new run: run.out and run.resume of the
/// file are set aside. Throws OptionError.
Given read_given(const Catalogue& catalogue, const std::optional<std::string>& path,
                 std::vector<Setting> over, Scope scope);

/// The same from settings that were read before.
Given settings_given(const std::string& source, std::vector<FileSetting> file, std::vector<Setting> over);

/// The keys of the file that change nothing in such a scope, though their value is not the default.
std::vector<std::string> without_use(const Catalogue& catalogue, const std::vector<FileSetting>& file,
                                     Scope scope);

/// "my.toml: without use in muster simulate: schedule.rule, comm.* (4 keys)": one line; "" where all are
/// used.
std::string unused_line(const std::string& source, const std::string& command,
                        const std::vector<std::string>& unused);

}  // namespace muster::inline app
