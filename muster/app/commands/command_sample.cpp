#include "muster/app/commands/commands.h"
#include "muster/app/options/help.h"
#include "muster/app/processes/engine_program.h"
#include "muster/base/output.h"

namespace muster::inline app {

int sample_command(const Catalogue& catalogue, const std::vector<std::string>& words) {
  if (!parse_arguments(catalogue, words, sample_help().flags, 1).has("help")) hand_to_engine("sample", words);
  write_output(help_text(catalogue, sample_help()));
  return 0;
}

}  // namespace muster::inline app
