#include "muster/app/commands/commands.h"
#include "muster/app/commands/completion.h"
#include "muster/app/commands/manual_page.h"
#include "muster/app/options/help.h"
#include "muster/base/error.h"
#include "muster/base/nearest_word.h"
#include "muster/base/output.h"
#include "muster/choice/value.h"

namespace muster::inline app {

int completion_command(const Catalogue& catalogue, const std::vector<std::string>& words) {
  const Arguments arguments = parse_arguments(catalogue, words, completion_help().flags, 1);
  if (arguments.has("help")) {
    write_output(help_text(catalogue, completion_help()));
    return 0;
  }
  const std::string shell = arguments.first().value_or("(none)");
  if (shell == "bash") {
    write_output(bash_completion(catalogue));
  } else if (shell == "zsh") {
    write_output(zsh_completion(catalogue));
  } else if (shell == "fish") {
    write_output(fish_completion(catalogue));
  } else if (shell == "man") {
    write_output(manual_page(catalogue));
  } else {
    throw OptionError("SHELL", shown(shell), "must be bash, zsh or fish, or man for the manual page");
  }
  return 0;
}

}  // namespace muster::inline app
