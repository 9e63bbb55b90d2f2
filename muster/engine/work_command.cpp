#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <random>
#include <string_view>
#include <thread>

#include "muster/app/options/flag_reader.h"
#include "muster/app/options/serve_request.h"
#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/base/log.h"
#include "muster/base/open_file.h"
#include "muster/base/stopwatch.h"
#include "muster/engine/commands.h"
#include "muster/engine/served_training.h"
#include "muster/serve/ask_status.h"
#include "muster/serve/wait_watch.h"
#include "muster/serve/work_loop.h"
#include "muster/train/stop_signal.h"

namespace muster::inline engine {

namespace {

std::string host_and_process() {
  std::array<char, 64> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return fmt::format("{}:{}", host.data(), ::getpid());
}

double seconds_of(const Arguments& arguments, std::string_view flag) {
  return FlagReader(arguments).real_within(flag, 0, 86400, "seconds").value_or(0);
}

WorkOptions work_options(const ServeRequest& request, const ServedTraining& training) {
  WorkOptions options;
  options.name = request.arguments.flag("name").value_or(host_and_process());
  options.address = request.address;
  options.identity = training.identity();
  options.least_step_seconds = seconds_of(request.arguments, "least-step-seconds");
  options.give_up_after = training.configuration().serve.give_up_after;
  options.error_feedback = training.error_feedback();
  options.seed = static_cast<uint64_t>(training.configuration().run.seed);
  options.jitter_seed = std::random_device()();
  return options;
}

/// Writes a line for each contribution that the server has acknowledged to the disk, before the next round
/// begins; a failed write ends the worker.
class Record {
 public:
  explicit Record(const std::optional<std::string>& path) {
    if (path) file_ = OpenFile(*path, OpenFor::appending);
  }
  void add(const Contribution& contribution) {
    if (!file_) return;
    file_.write(fmt::format("{} {} {}\n", contribution.worker, contribution.sequence, contribution.version));
    file_.flush_data();
  }

 private:
  OpenFile file_;
};

void tell(const WorkNews& news) {
  using Kind = WorkNews::Kind;
  if (news.kind == Kind::joined) print_log("worker {} from now on\n", news.membership.worker);
  if (news.kind == Kind::lost) print_log("{}; trying again\n", news.why);
  if (news.kind == Kind::waiting) print_log("{}\n", news.why);
  if (news.kind == Kind::finished) print_log("the run has ended\n");
  if (news.kind != Kind::handed_in) return;
  const Contribution& round = news.contribution;
  const bool counted =
      news.answer.kind == PushAnswer::Kind::counted || news.answer.kind == PushAnswer::Kind::duplicate;
  print_log("round {}: {} steps from version {}, loss {}{}\n", round.sequence, round.local_steps,
            round.version, format_number(round.loss, 4),
            counted ? ""
                    : "; not counted: " + news.answer.why +
                          (news.answer.reason.empty() ? "" : ", " + news.answer.reason));
}

int work(WorkLoop& loop, Record& record) {
  const StopSignal stop;
  while (!stop.requested()) {
    const WorkNews news = loop.advance();
    tell(news);
    if (news.kind == WorkNews::Kind::finished) return 0;
    const auto kind = news.answer.kind;
    if (news.kind == WorkNews::Kind::handed_in &&
        (kind == PushAnswer::Kind::counted || kind == PushAnswer::Kind::duplicate))
      record.add(news.contribution);
  }
  loop.leave();
  return 128 + stop.signal();
}

/// Asks until the server answers, at most as long as a worker waits for a lost server.
std::string configuration_of_server(const ServeRequest& request, const Credentials& credentials) {
  const ServeSection& serve = request.configuration.serve;
  const Stopwatch watch;
  for (WaitWatch waiting;;) {
    try {
      return ask_configuration(request.address, credentials, serve.patience);
    } catch (const LostPeer& gone) {
      if (watch.seconds() > serve.give_up_after)
        throw LostPeer(fmt::format("gave up after {}: {}", format_duration(watch.seconds()), gone.what()));
      if (waiting.due(true)) print_log("waiting for {}; asking again\n", gone.what());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  }
}

}  // namespace

int run_work(const Catalogue& catalogue, const std::vector<std::string>& words) {
  ::setenv("GRPC_VERBOSITY", "NONE", 0);  // only silences what gRPC says by itself
  ServeRequest request = read_work_request(catalogue, words);
  const Credentials credentials =
      client_credentials(credential_options(request.configuration.serve), request.address);
  for (const auto& warning : credentials.warnings) print_log("{}\n", warning);
  if (asks_server(request))
    resolve_with_server(catalogue, configuration_of_server(request, credentials), request);
  const ServedTraining training(catalogue, request.configuration);
  const auto pushes = training.pushes(), pulls = training.pulls();
  TrainingClient client(*pushes, *pulls,
                        {.address = request.address,
                         .credentials = credentials,
                         .patience = training.configuration().serve.patience});
  const auto worker = training.make_worker();
  Record record(request.arguments.flag("record"));
  WorkLoop loop(*worker, client, *pushes, work_options(request, training));
  try {
    const int code = work(loop, record);
    for (const std::string& line : training.task().findings()) print_log("{}\n", line);
    return code;
  } catch (const NonFiniteError&) {
    loop.leave();
    throw;
  }
}

}  // namespace muster::inline engine
