#include <fmt/format.h>

#include "muster/app/commands.h"
#include "muster/app/configuration_json.h"
#include "muster/app/engine_program.h"
#include "muster/app/help.h"
#include "muster/app/input_text.h"
#include "muster/app/resolve.h"
#include "muster/app/toml_file.h"
#include "muster/app/value.h"
#include "muster/base/error.h"
#include "muster/base/output.h"

namespace muster {

namespace {

// Where another launcher starts the ranks, or ours another program than this one, each reads for itself.
void hold_configuration(const std::string& path, const Place& place) {
  if (place.size > 1 && !can_be_read_again(path))
    throw OptionError(
        "CONFIG", shown(path),
        fmt::format("is no file, and the {} processes that {} has started would each read a part "
                    "of it; write it into a file",
                    place.size, place.launcher));
  hold_input("CONFIG", path);
}

}  // namespace

TrainRequest read_train_request(const std::vector<std::string>& words) {
  TrainRequest request{parse_arguments(words, train_help().flags, 1), {}, {}};
  if (request.arguments.has("help")) return request;
  request.place = find_place();
  const auto& files = request.arguments.positional;
  if (!files.empty()) hold_configuration(files.front(), request.place);
  request.configuration =
      resolve(files.empty() ? std::nullopt : std::optional(files.front()), request.arguments.settings,
              Scope::training, {.all = request.place.size, .on_this_host = request.place.local_size});
  return request;
}

int train_command(const std::vector<std::string>& words) {
  const TrainRequest request = read_train_request(words);
  if (request.arguments.has("help")) {
    write_output(help_text(train_help()));
    return 0;
  }
  if (request.arguments.has("print-config")) {
    const bool json = request.arguments.has("json");
    write_output(json ? configuration_json(request.configuration) + "\n" : write_toml(request.configuration));
    return 0;
  }
  hand_to_engine("train", words);
}

}  // namespace muster
