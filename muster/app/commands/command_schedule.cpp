#include "muster/app/commands/commands.h"
#include "muster/app/options/help.h"
#include "muster/app/options/resolve.h"
#include "muster/app/preview/schedule_preview.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/log.h"
#include "muster/base/output.h"

namespace muster::inline app {

namespace {

constexpr const char* remedy =
    "muster schedule needs it: the number of local steps of the run, such as 10000";

/// The run's steps; a file may give epochs instead, for data whose number of samples is known.
int64_t steps_of(const Catalogue& catalogue, const Given& given, const Configuration& configuration) {
  if (configuration.run.steps) return *configuration.run.steps;
  const auto samples = usual_samples(catalogue, configuration);
  if (!samples || given.source.empty()) throw OptionError("run.steps", "(not given)", remedy);
  return run_length(configuration, *samples).steps;
}

}  // namespace

int schedule_command(const Catalogue& catalogue, const std::vector<std::string>& words) {
  const Arguments arguments = parse_arguments(catalogue, words, schedule_help().flags, 1);
  if (arguments.has("help")) {
    write_output(help_text(catalogue, schedule_help()));
    return 0;
  }
  const Given given = read_given(catalogue, arguments.first(), arguments.settings, Scope::preview);
  const Resolution resolution = resolve_given(catalogue, given, Scope::preview);
  const std::string unused = unused_line(given.source, "muster schedule", resolution.unused);
  if (!unused.empty()) print_log("{}\n", unused);
  const SchedulePreview preview =
      preview_schedule(catalogue, resolution.configuration,
                       steps_of(catalogue, given, resolution.configuration), arguments.flag("replay"));
  if (const auto path = arguments.flag("csv")) write_file_atomically(*path, schedule_csv(preview));
  write_output(arguments.has("json") ? schedule_json(preview) : schedule_text(preview));
  return 0;
}

}  // namespace muster::inline app
