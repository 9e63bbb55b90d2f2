// Workers that only push: each takes its round and hands in the same vector at once, as fast as the server
// acknowledges, and another caller asks for a sign of life and for the status all the time.
//   bench_serve_load ADDRESS WORKERS SECONDS [RECORD]
// Ends after SECONDS, when the run has, or at SIGTERM. Prints one JSON object: contributions acknowledged per
// second, and how long beats and statuses took. RECORD gets a line "worker sequence version" for each
// contribution acknowledged. A server that is gone is looked for again, and what it told must still hold:
// `broken` counts rounds that it had given out and does not know of any more.
#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <thread>
#include <vector>

#include "muster/app/options/serve_request.h"
#include "muster/base/error.h"
#include "muster/base/stopwatch.h"
#include "muster/engine/makers.h"
#include "muster/engine/served_training.h"
#include "muster/flat/arithmetic.h"
#include "muster/flat/vector.h"
#include "muster/serve/ask_status.h"
#include "muster/serve/grpc_line.h"
#include "muster/serve/grpc_words.h"
#include "muster/serve/training.grpc.pb.h"
#include "muster/serve/training_client.h"
#include "muster/train/stop_signal.h"

namespace muster {
namespace {

using std::chrono::milliseconds;

constexpr double patience = 30, warm_up = 2;  // seconds

/// What all threads share.
struct Load {
  std::string address;
  double seconds = 0;
  std::atomic<bool> over = false;
  std::atomic<int64_t> acknowledged = 0, broken = 0, lost_peers = 0;
  std::mutex mutex;
  std::ofstream record;
  MemberIdentity somebody;

  void note(const Contribution& one) {
    ++acknowledged;
    const std::lock_guard lock(mutex);
    if (record.is_open())
      record << fmt::format("{} {} {}\n", one.worker, one.sequence, one.version) << std::flush;
  }
};

class Worker {
 public:
  Worker(Load& load, const ServedTraining& training)
      : load_(load),
        pushes_(training.pushes()),
        pulls_(training.pulls()),
        client_(*pushes_, *pulls_, {.address = load.address, .credentials = {}, .patience = patience}),
        identity_(training.identity()),
        gradient_(flat_vector(pushes_->elements(), pushes_->type())) {
    fill(gradient_, 1e-6);
  }

  void run() {
    while (!load_.over) try {
        advance();
      } catch (const LostPeer&) {
        ++load_.lost_peers;
        std::this_thread::sleep_for(milliseconds(50));
      }
  }

 private:
  void advance() {
    if (!member_) {
      const JoinedServer joined = client_.join("load", identity_, std::nullopt, membership_);
      membership_ = joined.membership;
      part_bytes_ = joined.part_bytes;
      member_ = true;
      const std::lock_guard lock(load_.mutex);
      load_.somebody = *membership_;
    } else if (!round_) {
      pull();
    } else {
      push();
    }
  }

  void pull() {
    const PulledRound pulled = client_.pull(*membership_);
    member_ = pulled.answer != GivenRound::Answer::unknown;
    if (pulled.answer == GivenRound::Answer::finished) load_.over = true;
    if (pulled.answer != GivenRound::Answer::round) return;
    round_ = Contribution{.worker = pulled.assignment.worker,
                          .sequence = pulled.assignment.sequence,
                          .version = pulled.assignment.version,
                          .shard = pulled.assignment.shard,
                          .local_steps = pulled.assignment.local_steps,
                          .pseudo_gradient = {}};
  }

  void push() {
    const PushAnswer answer = client_.push(*membership_, *round_, gradient_, part_bytes_);
    const auto kind = answer.kind;
    if (kind == PushAnswer::Kind::counted || kind == PushAnswer::Kind::duplicate) load_.note(*round_);
    if (answer.why.starts_with("unknown")) ++load_.broken;
    if (answer.finished) load_.over = true;
    round_.reset();
    member_ = answer.member;
  }

  Load& load_;
  std::unique_ptr<VectorMessages> pushes_, pulls_;
  TrainingClient client_;
  Identity identity_;
  Vector gradient_;
  std::optional<MemberIdentity> membership_;
  std::optional<Contribution> round_;
  int64_t part_bytes_ = 0;
  bool member_ = false;
};

/// Milliseconds that calls took.
struct Waits {
  std::vector<double> all;
  std::string json() {
    if (all.empty()) return "null";
    std::sort(all.begin(), all.end());
    const auto at = [&](double part) { return all[static_cast<size_t>(part * double(all.size() - 1))]; };
    return fmt::format("{{\"calls\":{},\"median\":{:.2f},\"p99\":{:.2f},\"most\":{:.2f}}}", all.size(),
                       at(0.5), at(0.99), all.back());
  }
};

/// Asks every few milliseconds, one after the other.
void ask(Load& load, Waits& beats, Waits& statuses) {
  const auto stub = training::v1::Training::NewStub(open_channel(load.address, {}));
  while (!load.over) {
    std::this_thread::sleep_for(milliseconds(5));
    training::v1::BeatRequest request;
    {
      const std::lock_guard lock(load.mutex);
      request.mutable_member()->set_worker(load.somebody.worker);
      request.mutable_member()->set_session(load.somebody.session);
    }
    training::v1::BeatReply heard;
    training::v1::StatusReply status;
    grpc::ClientContext first, second;
    Stopwatch watch;
    const bool beat_well = stub->Beat(&first, request, &heard).ok() && heard.known();
    const double beat = 1000 * watch.lap();
    const bool status_well = stub->Status(&second, {}, &status).ok();
    const double asked = 1000 * watch.lap();
    if (beat_well) beats.all.push_back(beat);
    if (status_well) statuses.all.push_back(asked);
  }
}

int bench(const std::string& address, int workers, double seconds, const char* record) {
  const Catalogue catalogue(with_makers(built_in_kinds()));
  ServeRequest request = read_work_request(catalogue, {address});
  resolve_with_server(catalogue, ask_configuration(address, {}, patience), request);
  const ServedTraining training(catalogue, request.configuration);
  const StopSignal stop;
  Load load;
  load.address = address;
  if (record) load.record.open(record, std::ios::app);
  std::vector<std::unique_ptr<Worker>> all;
  std::vector<std::thread> threads;
  for (int worker = 0; worker < workers; ++worker) {
    all.push_back(std::make_unique<Worker>(load, training));
    threads.emplace_back([one = all.back().get()] { one->run(); });
  }
  Waits beats, statuses;
  std::this_thread::sleep_for(milliseconds(static_cast<int64_t>(1000 * warm_up)));
  std::thread asking([&] { ask(load, beats, statuses); });
  const int64_t before = load.acknowledged;
  const Stopwatch watch;
  while (!load.over && !stop.requested() && watch.seconds() < seconds)
    std::this_thread::sleep_for(milliseconds(10));
  const double rate = static_cast<double>(load.acknowledged - before) / watch.seconds();
  load.over = true;
  for (auto& thread : threads) thread.join();
  asking.join();
  fmt::print(
      "{{\"bytes\":{},\"workers\":{},\"seconds\":{:.1f},\"acknowledged\":{},\"per_second\":{:.1f},"
      "\"broken\":{},\"lost_peers\":{},\"beat_ms\":{},\"status_ms\":{}}}\n",
      training.pushes()->bytes(), workers, watch.seconds(), load.acknowledged.load(), rate,
      load.broken.load(), load.lost_peers.load(), beats.json(), statuses.json());
  return load.broken == 0 ? 0 : 1;
}

}  // namespace
}  // namespace muster

int main(int argc, char** argv) {
  if (argc < 4) {
    fmt::print(stderr, "usage: bench_serve_load ADDRESS WORKERS SECONDS [RECORD]\n");
    return 2;
  }
  ::setenv("GRPC_VERBOSITY", "NONE", 0);
  return muster::bench(argv[1], std::atoi(argv[2]), std::atof(argv[3]), argc > 4 ? argv[4] : nullptr);
}
