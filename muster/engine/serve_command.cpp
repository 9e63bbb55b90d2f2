#include <fmt/format.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <thread>
#include <utility>

#include "muster/app/options/run_configuration.h"
#include "muster/app/options/serve_request.h"
#include "muster/app/options/toml_file.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/format.h"
#include "muster/base/log.h"
#include "muster/base/output.h"
#include "muster/base/stopwatch.h"
#include "muster/checkpoint/run_folder.h"
#include "muster/engine/chosen_folder.h"
#include "muster/engine/commands.h"
#include "muster/engine/serve_result.h"
#include "muster/engine/served_training.h"
#include "muster/rendezvous/sockets.h"
#include "muster/report/html_text.h"
#include "muster/report/whole_result.h"
#include "muster/serve/server_file_names.h"
#include "muster/serve/training_server.h"
#include "muster/serve/wait_watch.h"
#include "muster/train/stop_signal.h"

namespace muster::inline engine {

namespace {

constexpr std::chrono::milliseconds poll_interval(20);

CoordinatorOptions coordinator_options(const Configuration& configuration) {
  const ServeSection& serve = configuration.serve;
  return {.total_steps = *configuration.run.steps,
          .lease = serve.lease,
          .start_with = serve.start_with,
          .most_members = serve.most_workers,
          .snapshot_every = serve.snapshot_every};
}

TrainingServerOptions server_options(const ServedTraining& training, Credentials credentials) {
  const ServeSection& serve = training.configuration().serve;
  return {.address = serve.address,
          .credentials = std::move(credentials),
          .identity = training.identity(),
          .configuration = write_toml(training.catalogue(),
                                      with_absolute_paths(training.catalogue(), training.configuration())),
          .part_bytes = serve.part_kib << 10,
          .most_pushes = serve.most_pushes,
          .most_members = serve.most_workers,
          .patience = serve.patience,
          .beat_seconds = serve.beat};
}

void introduce(const ServedTraining& training, const Coordinator& coordinator, const std::string& folder,
               const std::string& address) {
  const Configuration& configuration = training.configuration();
  print_log("{} on {}: {} parameters, {} local steps of {} workers together, by {}; files go to {}\n",
            configuration.task.model, configuration.task.name, format_count(training.parameters().size()),
            format_count(*configuration.run.steps), *configuration.run.workers, configuration.async.outer,
            folder);
  for (const std::string& line : training.task().introduction()) print_log("{}\n", line);
  print_log("serving at {} from version {} on\n", address, coordinator.versions_found());
}

void pass_on_messages(Coordinator& coordinator) {
  for (const std::string& message : coordinator.take_messages()) print_log("{}\n", message);
}

/// Reports now and then that too few workers are present.
class WorkersAwaited {
 public:
  WorkersAwaited(std::string address, int64_t start_with)
      : address_(std::move(address)), start_with_(start_with) {}
  void look(Coordinator& coordinator) {
    const int64_t present = coordinator.workers_present();
    const int64_t wanted = started_ ? 1 : start_with_;
    started_ = started_ || present >= start_with_ || coordinator.local_steps() > 0;
    if (watch_.due(present < wanted))
      print_log(
          "waiting for workers at {} for {:.0f} s: {} of {} are there; muster work {} CONFIG starts one\n",
          address_, watch_.seconds(), present, wanted, address_);
  }

 private:
  std::string address_;
  int64_t start_with_;
  bool started_ = false;
  WaitWatch watch_;
};

/// Serves until the run has ended, or a signal has come; then 128 + signal.
int serve(Coordinator& coordinator, ServeResult& result, const ServedTraining& training,
          const std::string& address, const StopSignal& stop) {
  const int64_t every = *training.configuration().evaluation.every;
  int64_t next = every > 0 ? (coordinator.local_steps() / every + 1) * every : 0;
  WorkersAwaited awaited(address, training.configuration().serve.start_with);
  while (!coordinator.finished() && !stop.requested()) {
    coordinator.look();
    result.note(coordinator);
    pass_on_messages(coordinator);
    awaited.look(coordinator);
    const int64_t steps = every > 0 ? coordinator.local_steps() : 0;
    if (every > 0 && steps >= next && !coordinator.finished()) {
      result.evaluate(coordinator.present());
      next = (steps / every + 1) * every;
    }
    std::this_thread::sleep_for(poll_interval);
  }
  if (!coordinator.finished()) {
    coordinator.save();
    return 128 + stop.signal();
  }
  const double linger = training.configuration().serve.linger;
  for (const Stopwatch watch;
       !coordinator.end_announced() && !stop.requested() && watch.seconds() < linger;) {
    coordinator.look();
    std::this_thread::sleep_for(poll_interval);
  }
  return 0;
}

std::string host_of(const std::string& address) { return address.substr(0, address.rfind(':')); }

/// Checks the port before anything is written: if it is in use, no folder is made.
void require_free(const std::string& address) {
  std::string host = host_of(address);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const int port =
      std::atoi(address.c_str() + address.rfind(':') + 1);  // server_credentials() has checked its form
  if (port != 0) listen_on(host, port);
}

/// Removes what a new run has written so far, unless it comes to serve, so that its folder is free again.
class NewFiles {
 public:
  explicit NewFiles(std::string folder) : folder_(std::move(folder)) {
    std::error_code problem;
    for (const char* name : names)
      if (std::filesystem::exists(folder_ + "/" + name, problem) || problem) keep();
  }
  ~NewFiles() {
    std::error_code ignored;  // what remains is reported by the next attempt
    if (!kept_)
      for (const char* name : names) std::filesystem::remove(folder_ + "/" + name, ignored);
  }
  NewFiles(const NewFiles&) = delete;
  NewFiles& operator=(const NewFiles&) = delete;
  void keep() { kept_ = true; }

 private:
  static constexpr const char* names[] = {
      "config.toml",       "metrics.jsonl",   "arrivals.jsonl",         "durable",
      "snapshot-00000000", "events-00000000", "snapshot-00000000.part", "events-00000000.new"};
  std::string folder_;
  bool kept_ = false;
};

std::string how_to_go_on(const std::string& folder) { return "muster serve " + shell_quoted(folder); }

/// The end of the command after the run has ended or was stopped; says how to get what could not be written.
int finish(int code, Coordinator& coordinator, ServeResult& result, const std::string& folder, bool json) {
  if (code != 0) {
    print_log("stopped at version {}; resume with:\n  {}\n", format_count(coordinator.present().version),
              how_to_go_on(folder));
    return code;
  }
  try {
    result.write(coordinator, json);
  } catch (const FileError& problem) {
    throw FileError(
        fmt::format("{}; the run has ended and its last state is on the disk, but not the whole "
                    "result: {} writes it",
                    problem.what(), how_to_go_on(folder)));
  }
  return 0;
}

int serve_in(const RunFolder& folder, const ServeRequest& request, const ServedTraining& training,
             AsyncServer first, Credentials credentials, bool made_again) {
  NewFiles files(folder.path);
  write_file_atomically(
      folder.path + "/config.toml",
      write_toml(training.catalogue(), with_absolute_paths(training.catalogue(), training.configuration())));
  const Recovery recovery = request.arguments.has("recover") ? Recovery::drop_damaged : Recovery::strict;
  const bool keep_events = training.configuration().serve.keep_events;
  Coordinator coordinator(std::move(first),
                          ServerFiles(folder.path, training.identity(), keep_events, recovery),
                          coordinator_options(training.configuration()));
  pass_on_messages(coordinator);
  ServeResult result(training, folder.path, coordinator);
  int code = 0;
  if (!made_again || !coordinator.finished()) {
    const StopSignal stop;
    const auto pushes = training.pushes(), pulls = training.pulls();
    const TrainingServer server(coordinator, *pushes, *pulls,
                                server_options(training, std::move(credentials)));
    files.keep();
    const std::string address =
        fmt::format("{}:{}", host_of(training.configuration().serve.address), server.port());
    introduce(training, coordinator, folder.path, address);
    code = serve(coordinator, result, training, address, stop);
  }
  files.keep();
  return finish(code, coordinator, result, folder.path, request.arguments.has("json"));
}

int serve_run(const Catalogue& catalogue, const ServeRequest& request, Credentials credentials) {
  for (const auto& warning : credentials.warnings) print_log("{}\n", warning);
  const ServedTraining training(catalogue, request.configuration);
  const RunSection& run = training.configuration().run;
  AsyncServer first = training.make_server();
  require_free(training.configuration().serve.address);
  const RunFolder folder = open_run_folder(chosen_folder(run), run.resume);
  const ResultCheck there = check_result(folder.path);
  if (there.whole()) {
    print_log("the run in '{}' is finished: nothing to resume\n", folder.path);
    for (const auto& remark : there.remarks) print_log("{}\n", remark);
    if (request.arguments.has("json")) write_output(read_file(folder.path + "/summary.json"));
    return 0;
  }
  const bool made_again = there.state == ResultCheck::State::damaged;
  if (made_again && ServerFileNames(folder.path).nothing_there())
    throw CheckpointError(
        fmt::format("{}, and nothing of its server is left to make the result again from", there.damage));
  if (made_again)
    print_log("the run in '{}' has ended, but {}: its result is made again\n", folder.path, there.damage);
  try {
    return serve_in(folder, request, training, std::move(first), std::move(credentials), made_again);
  } catch (const CheckpointError&) {
    throw;  // says itself how to go on
  } catch (const FileError& problem) {
    if (std::string_view(problem.what()).find("--run.resume") != std::string_view::npos) throw;
    throw FileError(fmt::format("{}; what was acknowledged is on the disk: {} resumes it", problem.what(),
                                how_to_go_on(folder.path)));
  }
}

}  // namespace

int run_serve(const Catalogue& catalogue, const std::vector<std::string>& words) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file at its size limit is a failed write like any other
  ::setenv("GRPC_VERBOSITY", "NONE", 0);
  const ServeRequest request = read_serve_request(catalogue, words);
  if (request.arguments.has("replay"))
    return replay_served(ServedTraining(catalogue, request.configuration), request.arguments.has("recover"),
                         request.arguments.has("json"));
  return serve_run(catalogue, request,
                   server_credentials(credential_options(request.configuration.serve),
                                      request.configuration.serve.address));
}

}  // namespace muster::inline engine
