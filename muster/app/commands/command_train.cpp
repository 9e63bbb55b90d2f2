#include <fmt/format.h>

#include "muster/app/commands/commands.h"
#include "muster/app/options/help.h"
#include "muster/app/options/input_text.h"
#include "muster/app/options/printed_configuration.h"
#include "muster/app/options/resolve.h"
#include "muster/app/options/run_configuration.h"
#include "muster/app/processes/engine_program.h"
#include "muster/base/error.h"
#include "muster/base/log.h"
#include "muster/base/output.h"
#include "muster/choice/value.h"

namespace muster::inline app {

namespace {

// Each rank reads the file itself when another launcher starts the ranks, or ours starts another program.
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

TrainRequest read_train_request(const Catalogue& catalogue, const std::vector<std::string>& words) {
  TrainRequest request{parse_arguments(catalogue, words, train_help().flags, 1), {}, {}, {}, {}};
  if (request.arguments.has("help")) return request;
  request.place = find_place();
  const auto path = request.arguments.first();
  if (path) hold_configuration(configuration_file(*path), request.place);
  const Given given = read_given(catalogue, path, request.arguments.settings, Scope::training);
  request.resolution = resolve_given(catalogue, given, Scope::training,
                                     {.all = request.place.size, .on_this_host = request.place.local_size});
  request.configuration = request.resolution.configuration;
  request.unused = unused_line(given.source, "muster train", request.resolution.unused);
  return request;
}

int train_command(const Catalogue& catalogue, const std::vector<std::string>& words) {
  const TrainRequest request = read_train_request(catalogue, words);
  if (request.arguments.has("help")) {
    write_output(help_text(catalogue, train_help()));
    return 0;
  }
  if (request.place.rank == 0 && !request.unused.empty()) print_log("{}\n", request.unused);
  if (const auto text =
          printed_configuration(catalogue, request.arguments, request.resolution, Scope::training)) {
    write_output(*text);
    return 0;
  }
  hand_to_engine("train", words);
}

}  // namespace muster::inline app
