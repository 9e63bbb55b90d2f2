#include <iostream>

#include "muster/app/commands.h"
#include "muster/app/configuration_json.h"
#include "muster/app/engine_program.h"
#include "muster/app/help.h"
#include "muster/app/resolve.h"
#include "muster/app/toml_file.h"

namespace muster {

TrainRequest read_train_request(const std::vector<std::string>& words) {
  TrainRequest request{parse_arguments(words, train_help().flags, 1), {}, {}};
  if (request.arguments.has("help")) return request;
  request.place = find_place();
  const auto& files = request.arguments.positional;
  request.configuration =
      resolve(files.empty() ? std::nullopt : std::optional(files.front()), request.arguments.settings,
              Scope::training, {.all = request.place.size, .on_this_host = request.place.local_size});
  return request;
}

int train_command(const std::vector<std::string>& words) {
  const TrainRequest request = read_train_request(words);
  if (request.arguments.has("help")) {
    std::cout << help_text(train_help());
    return 0;
  }
  if (request.arguments.has("print-config")) {
    const bool json = request.arguments.has("json");
    std::cout << (json ? configuration_json(request.configuration) + "\n"
                       : write_toml(request.configuration));
    return 0;
  }
  hand_to_engine("train", words);
}

}  // namespace muster
