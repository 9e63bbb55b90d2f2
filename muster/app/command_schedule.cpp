#include "muster/app/commands.h"
#include "muster/app/help.h"
#include "muster/app/resolve.h"
#include "muster/app/schedule_preview.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/output.h"

namespace muster {

namespace {

constexpr const char* remedy =
    "muster schedule needs it: the number of local steps of the run, such as 10000";

}  // namespace

int schedule_command(const std::vector<std::string>& words) {
  const Arguments arguments = parse_arguments(words, schedule_help().flags, 1);
  if (arguments.has("help")) {
    write_output(help_text(schedule_help()));
    return 0;
  }
  const auto& files = arguments.positional;
  const Configuration configuration = resolve(files.empty() ? std::nullopt : std::optional(files.front()),
                                              arguments.settings, Scope::preview);
  if (!configuration.run.steps) throw OptionError("run.steps", "(not given)", remedy);
  const SchedulePreview preview =
      preview_schedule(configuration, *configuration.run.steps, arguments.flag("replay"));
  if (const auto path = arguments.flag("csv")) write_file_atomically(*path, schedule_csv(preview));
  write_output(arguments.has("json") ? schedule_json(preview) : schedule_text(preview));
  return 0;
}

}  // namespace muster
