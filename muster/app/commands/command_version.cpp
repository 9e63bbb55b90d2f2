#include <fmt/format.h>

#include "muster/app/commands/commands.h"
#include "muster/app/options/help.h"
#include "muster/base/output.h"
#include "muster/base/version.h"

namespace muster::inline app {

int version_command(const Catalogue& catalogue, const std::vector<std::string>& words) {
  const Arguments arguments = parse_arguments(catalogue, words, version_help().flags, 0);
  if (arguments.has("help")) {
    write_output(help_text(catalogue, version_help()));
  } else if (arguments.has("json")) {
    write_output(fmt::format("{{\"name\":\"muster\",\"version\":\"{}\"}}\n", version()));
  } else {
    write_output(fmt::format("muster {}\n", version()));
  }
  return 0;
}

}  // namespace muster::inline app
