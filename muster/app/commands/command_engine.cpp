#include "muster/app/commands/commands.h"
#include "muster/app/options/help.h"
#include "muster/app/processes/engine_program.h"
#include "muster/base/output.h"

namespace muster::inline app {

namespace {

// Reports mistyped keys and flags before the engine is loaded.
int help_or_engine(const Catalogue& catalogue, const std::string& command, const CommandHelp& help,
                   size_t most_positional, const std::vector<std::string>& words) {
  if (!parse_arguments(catalogue, words, help.flags, most_positional).has("help"))
    hand_to_engine(command, words);
  write_output(help_text(catalogue, help));
  return 0;
}

}  // namespace

int evaluate_command(const Catalogue& catalogue, const std::vector<std::string>& words) {
  return help_or_engine(catalogue, "evaluate", evaluate_help(), 1, words);
}

int probe_command(const Catalogue& catalogue, const std::vector<std::string>& words) {
  return help_or_engine(catalogue, "probe", probe_help(), 1, words);
}

int convert_command(const Catalogue& catalogue, const std::vector<std::string>& words) {
  return help_or_engine(catalogue, "convert", convert_help(), 1, words);
}

int signature_command(const Catalogue& catalogue, const std::vector<std::string>& words) {
  return help_or_engine(catalogue, "signature", signature_help(), 0, words);
}

}  // namespace muster::inline app
