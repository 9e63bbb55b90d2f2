#pragma once

#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::inline app {

class Catalogue;

/// One command of a program. `run` gets the words behind the command's name and returns the exit code.
struct Command {
  std::string_view name;
  std::string_view summary;
  int (*run)(const Catalogue& catalogue, const std::vector<std::string>& words);
};

/// Exit codes: 0 done, 1 a fault of this program (Bug and anything unforeseen), 2 a fault of its input or
/// surroundings (Error).
inline constexpr int exit_fault = 1;
inline constexpr int exit_error = 2;

/// Runs the command that the first word names, with standard streams that are open, SIGPIPE and SIGXFSZ
/// ignored, and reports an error as one line on standard error, "muster: error: ...". No word, help, --help
/// and -h list the commands; `help COMMAND` is `COMMAND --help`; --version is version.
int run_program(const Catalogue& catalogue, std::span<const Command> commands, int argc, char** argv);

/// The list of commands, with one example.
std::string program_help(std::span<const Command> commands);

/// The command that `word` names. Throws OptionError with the nearest one.
const Command& find_command(std::span<const Command> commands, std::string_view word);

}  // namespace muster::inline app
