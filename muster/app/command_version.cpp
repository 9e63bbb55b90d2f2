#include <fmt/format.h>

#include <iostream>

#include "muster/app/commands.h"
#include "muster/app/help.h"
#include "muster/base/version.h"

namespace muster {

int version_command(const std::vector<std::string>& words) {
  const Arguments arguments = parse_arguments(words, version_help().flags, 0);
  if (arguments.has("help")) {
    std::cout << help_text(version_help());
  } else if (arguments.has("json")) {
    std::cout << fmt::format("{{\"name\":\"muster\",\"version\":\"{}\"}}\n", version());
  } else {
    std::cout << fmt::format("muster {}\n", version());
  }
  return 0;
}

}  // namespace muster
