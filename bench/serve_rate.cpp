// How fast parameters and contributions travel between a worker and its server, beside a bare gRPC stream of
// the same parts that does nothing with them: one program, both ways in turn, over loopback.
//   bench_serve_rate [MEGABYTES] [REPEATS]
// Rows: the bare stream (parts of 1 MiB, thrown away); messages after their checks (checksums, the
// vector's memory, finite, norm, a line in the log: here all contributions have too large a norm);
// contributions until they are acknowledged (whole in the log, outer step, a new start), with the log in
// memory (/dev/shm), and on the disk of the present folder.
#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <vector>

#include "muster/base/stopwatch.h"
#include "muster/flat/arithmetic.h"
#include "muster/flat/vector.h"
#include "muster/optim/delayed_nesterov.h"
#include "muster/serve/training.grpc.pb.h"
#include "muster/serve/training_client.h"
#include "muster/serve/training_server.h"

namespace muster {
namespace {

namespace wire = training::v1;
constexpr size_t part_bytes = size_t{1} << 20;

/// Takes parts and throws them away; gives parts of nothing.
class BareService final : public wire::Training::Service {
 public:
  explicit BareService(size_t bytes) : bytes_(bytes), source_(bytes, 'x') {}
  grpc::Status Push(grpc::ServerContext*, grpc::ServerReader<wire::PushPart>* reader,
                    wire::PushReply*) override {
    wire::PushPart part;
    while (reader->Read(&part)) received_ += part.data().size();
    return grpc::Status::OK;
  }
  grpc::Status Pull(grpc::ServerContext*, const wire::PullRequest*,
                    grpc::ServerWriter<wire::PullPart>* writer) override {
    wire::PullPart part;
    for (size_t left = bytes_; left > 0; left -= std::min(left, part_bytes)) {
      part.mutable_data()->assign(source_.data() + bytes_ - left, std::min(left, part_bytes));
      writer->Write(part);
    }
    return grpc::Status::OK;
  }

 private:
  size_t bytes_;
  std::string source_;
  size_t received_ = 0;
};

/// Seconds of one way.
struct Rates {
  std::vector<double> push, pull;
};

class Bare {
 public:
  explicit Bare(size_t bytes) : bytes_(bytes), source_(bytes, 'x'), service_(bytes) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub_ = wire::Training::NewStub(
        grpc::CreateChannel(fmt::format("127.0.0.1:{}", port), grpc::InsecureChannelCredentials()));
  }
  ~Bare() { server_->Shutdown(); }

  void run(Rates& rates) {
    Stopwatch watch;
    {
      grpc::ClientContext context;
      wire::PushReply reply;
      const auto writer = stub_->Push(&context, &reply);
      wire::PushPart part;
      for (size_t left = bytes_; left > 0; left -= std::min(left, part_bytes)) {
        part.mutable_data()->assign(source_.data() + bytes_ - left, std::min(left, part_bytes));
        writer->Write(part);
      }
      writer->WritesDone();
      writer->Finish();
    }
    rates.push.push_back(watch.lap());
    {
      grpc::ClientContext context;
      const auto reader = stub_->Pull(&context, {});
      wire::PullPart part;
      while (reader->Read(&part)) {
      }
      reader->Finish();
    }
    rates.pull.push_back(watch.lap());
  }

 private:
  size_t bytes_;
  std::string source_;
  BareService service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<wire::Training::Stub> stub_;
};

AsyncServer server_of(int64_t elements, double max_norm) {
  DispatchOptions dispatch;
  dispatch.local_steps.local_steps = 1;
  AsyncServerParts parts;
  parts.dispatcher = std::make_unique<Dispatcher>(dispatch);
  parts.weight = std::make_unique<PolynomialWeight>(StalenessWeightOptions{});
  parts.outer =
      std::make_unique<DelayedNesterov>(DelayedNesterovOptions{.delay = 4}, elements, ElementType::float32);
  return {std::move(parts), {.max_norm = max_norm}, flat_vector(elements)};
}

class Ours {
 public:
  Ours(size_t bytes, std::string folder, double max_norm)
      : folder_(std::move(folder)),
        messages_(std::nullopt, ElementType::float32, static_cast<int64_t>(bytes / 4)) {
    std::filesystem::create_directories(folder_);
    coordinator_ = std::make_unique<Coordinator>(
        server_of(messages_.elements(), max_norm), ServerFiles(folder_, {}, false),
        CoordinatorOptions{.total_steps = 1'000'000, .snapshot_every = 1'000'000});
    server_ = std::make_unique<TrainingServer>(*coordinator_, messages_, messages_, TrainingServerOptions{});
    client_ = std::make_unique<TrainingClient>(
        messages_, messages_,
        TrainingClientOptions{
            .address = fmt::format("127.0.0.1:{}", server_->port()), .credentials = {}, .patience = 60});
    joined_ = client_->join("bench", {}, std::nullopt, std::nullopt);
    gradient_ = flat_vector(messages_.elements());
    fill(gradient_, 1e-6);
  }
  ~Ours() {
    server_.reset();
    coordinator_.reset();
    std::filesystem::remove_all(folder_);
  }

  void run(Rates& rates) {
    Stopwatch watch;
    const PulledRound round = client_->pull(joined_.membership);
    rates.pull.push_back(watch.lap());
    Contribution contribution;
    contribution.worker = round.assignment.worker;
    contribution.sequence = round.assignment.sequence;
    contribution.version = round.assignment.version;
    contribution.shard = round.assignment.shard;
    contribution.local_steps = 1;
    contribution.pseudo_gradient = gradient_;
    watch.lap();
    const PushAnswer answer = client_->push(joined_.membership, contribution, gradient_, joined_.part_bytes);
    if (answer.kind == PushAnswer::Kind::too_late) throw Error("not taken: " + answer.why);
    rates.push.push_back(watch.lap());
  }

 private:
  std::string folder_;
  VectorMessages messages_;
  std::unique_ptr<Coordinator> coordinator_;
  std::unique_ptr<TrainingServer> server_;
  std::unique_ptr<TrainingClient> client_;
  JoinedServer joined_;
  Vector gradient_;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void print(const char* name, const Rates& rates, const Rates& bare, double megabytes) {
  const double push = median(rates.push), pull = median(rates.pull);
  const double both = (median(bare.push) + median(bare.pull)) / (push + pull);
  fmt::print(
      "{:24} push {:6.0f} MB/s  pull {:6.0f} MB/s  push + pull {:6.0f} MB/s, {:5.1f} % of the bare stream\n",
      name, megabytes / push, megabytes / pull, 2 * megabytes / (push + pull), 100 * both);
}

int bench(double megabytes, int repeats) {
  const size_t bytes = static_cast<size_t>(megabytes * 1e6) / 4 * 4;
  Bare bare(bytes);
  const std::string in_memory = fmt::format("/dev/shm/muster-serve-rate-{}", ::getpid());
  Ours checked(bytes, in_memory + "-checked", 1e-9);
  Ours memory(bytes, in_memory, 1e9);
  Ours disk(bytes, fmt::format("serve-rate-{}", ::getpid()), 1e9);
  Rates of_bare, of_checked, of_memory, of_disk, warm_up;
  bare.run(warm_up), checked.run(warm_up), memory.run(warm_up), disk.run(warm_up);
  for (int repeat = 0; repeat < repeats; ++repeat) {
    bare.run(of_bare);
    checked.run(of_checked);
    memory.run(of_memory);
    disk.run(of_disk);
  }
  print("bare gRPC stream", of_bare, of_bare, megabytes);
  print("messages checked", of_checked, of_bare, megabytes);
  print("counted, log in memory", of_memory, of_bare, megabytes);
  print("counted, log on the disk", of_disk, of_bare, megabytes);
  return 0;
}

}  // namespace
}  // namespace muster

int main(int argc, char** argv) {
  return muster::bench(argc > 1 ? std::atof(argv[1]) : 100, argc > 2 ? std::atoi(argv[2]) : 9);
}
