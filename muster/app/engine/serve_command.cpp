#include <fmt/format.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "muster/app/engine/commands.h"
#include "muster/app/engine/serve_result.h"
#include "muster/app/engine/served_training.h"
#include "muster/app/run_configuration.h"
#include "muster/app/serve_request.h"
#include "muster/app/toml_file.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/format.h"
#include "muster/base/log.h"
#include "muster/base/output.h"
#include "muster/base/stopwatch.h"
#include "muster/serve/training_server.h"
#include "muster/train/run_folder.h"
#include "muster/train/stop_signal.h"

namespace muster {

namespace {

constexpr std::chrono::milliseconds between_looks(20);

/// The folder that was asked for, or the first free one of runs/1, runs/2, ...
std::string choose_folder(const RunSection& run) {
  if (run.out) return *run.out;
  if (run.resume)
    throw OptionError("run.resume", "true", "needs run.out: the folder of the run to go on with");
  for (int64_t number = 1;; ++number) {
    const std::string folder = fmt::format("runs/{}", number);
    if (!std::filesystem::exists(folder)) return folder;
  }
}

DeskOptions desk_options(const Configuration& configuration) {
  const ServeSection& serve = configuration.serve;
  return {.total_steps = *configuration.run.steps,
          .lease = serve.lease,
          .start_with = serve.start_with,
          .most_members = serve.most_workers,
          .snapshot_every = serve.snapshot_every};
}

TrainingServerOptions server_options(const ServedTraining& training, Doors doors) {
  const ServeSection& serve = training.configuration().serve;
  return {.address = serve.address,
          .doors = std::move(doors),
          .identity = training.identity(),
          .part_bytes = serve.part_kib << 10,
          .most_pushes = serve.most_pushes,
          .most_members = serve.most_workers,
          .patience = serve.patience,
          .beat_seconds = serve.beat};
}

void introduce(const ServedTraining& training, const TrainingDesk& desk, const std::string& folder,
               const std::string& address, int port) {
  const Configuration& configuration = training.configuration();
  print_log("{} on {}: {} parameters, {} local steps of {} workers together, by {}; files go to {}\n",
            *configuration.task.model, configuration.task.name, format_count(training.parameters().size()),
            format_count(*configuration.run.steps), *configuration.run.workers, configuration.async.outer,
            folder);
  const std::string host = address.substr(0, address.rfind(':'));
  print_log("serving at {}:{} from version {} on\n", host, port, desk.versions_found());
}

/// Serves until the run has ended, or a signal has come; then 128 + signal.
int serve(TrainingDesk& desk, ServeResult& result, const ServedTraining& training, const StopSignal& stop) {
  const int64_t every = *training.configuration().evaluation.every;
  int64_t next = every > 0 ? (desk.present().local_steps / every + 1) * every : 0;
  while (!desk.finished() && !stop.requested()) {
    desk.look();
    result.note(desk);
    const int64_t steps = every > 0 ? desk.local_steps() : 0;
    if (every > 0 && steps >= next && !desk.finished()) {
      result.evaluate(desk.present());
      next = (steps / every + 1) * every;
    }
    std::this_thread::sleep_for(between_looks);
  }
  if (!desk.finished()) {
    desk.save();
    return 128 + stop.signal();
  }
  const double linger = training.configuration().serve.linger;
  for (const Stopwatch watch; !desk.everybody_knows() && !stop.requested() && watch.seconds() < linger;) {
    desk.look();
    std::this_thread::sleep_for(between_looks);
  }
  return 0;
}

int serve_run(const ServeRequest& request, Doors doors) {
  ServedTraining training(request.configuration);
  const RunSection& run = training.configuration().run;
  const RunFolder folder = open_run_folder(choose_folder(run), run.resume);
  if (folder.already_finished) {
    for (const auto& message : folder.messages) print_log("{}\n", message);
    if (request.arguments.has("json")) write_output(read_file(folder.path + "/summary.json"));
    return 0;
  }
  write_file_atomically(folder.path + "/config.toml",
                        write_toml(with_absolute_paths(training.configuration())));
  TrainingDesk desk(training.make_server(),
                    ServerFiles(folder.path, training.identity(), training.configuration().serve.keep_events),
                    desk_options(training.configuration()));
  ServeResult result(training, folder.path);
  const StopSignal stop;
  int code = 0;
  {
    const auto pushes = training.pushes(), pulls = training.pulls();
    const TrainingServer server(desk, *pushes, *pulls, server_options(training, std::move(doors)));
    introduce(training, desk, folder.path, training.configuration().serve.address, server.port());
    code = serve(desk, result, training, stop);
  }
  if (code == 0) {
    result.write(desk, request.arguments.has("json"));
  } else {
    print_log("stopped at version {}; go on with:\n  {}\n", format_count(desk.present().version),
              resume_command("serve", folder.path));
  }
  return code;
}

}  // namespace

int run_serve(const std::vector<std::string>& words) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file at its size limit is a failed write like any other
  ::setenv("GRPC_VERBOSITY", "NONE", 0);
  const ServeRequest request = read_serve_request(words);
  if (request.arguments.has("replay"))
    return replay_served(ServedTraining(request.configuration), request.arguments.has("json"));
  return serve_run(
      request, server_doors(door_options(request.configuration.serve), request.configuration.serve.address));
}

}  // namespace muster
