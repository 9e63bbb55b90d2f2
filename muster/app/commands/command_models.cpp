#include "muster/app/commands/commands.h"
#include "muster/app/options/help.h"
#include "muster/app/processes/engine_program.h"
#include "muster/base/output.h"

namespace muster::inline app {

// The parameters are counted from the networks, which the engine knows.
int models_command(const Catalogue& catalogue, const std::vector<std::string>& words) {
  if (!parse_arguments(catalogue, words, models_help().flags, 0).has("help")) hand_to_engine("models", words);
  write_output(help_text(catalogue, models_help()));
  return 0;
}

}  // namespace muster::inline app
