#include "muster/serve/ask_status.h"
#include "muster/serve/grpc_line.h"
#include "muster/serve/training.grpc.pb.h"

namespace muster::inline serve {

namespace wire = training::v1;

namespace {

WorkerStatus worker_of(const wire::WorkerStatus& worker) {
  return {.worker = worker.worker(),
          .name = worker.name(),
          .doing = worker.doing(),
          .round_steps = worker.round_steps(),
          .steps_done = worker.steps_done(),
          .version = worker.version(),
          .steps_per_second = worker.steps_per_second(),
          .counted = worker.counted(),
          .dropped = worker.dropped(),
          .last_staleness = worker.last_staleness(),
          .last_loss = worker.last_loss(),
          .bytes_in = worker.bytes_in(),
          .bytes_out = worker.bytes_out(),
          .silent_seconds = worker.silent_seconds()};
}

}  // namespace

ServerStatus ask_status(const std::string& address, const Credentials& credentials, double patience) {
  const auto stub = wire::Training::NewStub(open_channel(address, credentials));
  grpc::ClientContext context;
  prepare(context, credentials);
  set_deadline(context, patience);
  wire::StatusReply reply;
  require_ok(stub->Status(&context, {}, &reply), address, credentials);
  ServerStatus status{.running_seconds = reply.running_seconds(),
                      .finished = reply.finished(),
                      .version = reply.version(),
                      .local_steps = reply.local_steps(),
                      .total_steps = reply.total_steps(),
                      .loss = reply.loss(),
                      .staleness_mean = reply.staleness_mean(),
                      .staleness_max = reply.staleness_max(),
                      .bytes_in = reply.bytes_in(),
                      .bytes_out = reply.bytes_out(),
                      .counts = {reply.counts().begin(), reply.counts().end()}};
  for (const auto& worker : reply.workers()) status.workers.push_back(worker_of(worker));
  return status;
}

std::string ask_configuration(const std::string& address, const Credentials& credentials, double patience) {
  const auto stub = wire::Training::NewStub(open_channel(address, credentials));
  grpc::ClientContext context;
  prepare(context, credentials);
  set_deadline(context, patience);
  wire::ConfigurationReply reply;
  require_ok(stub->Configuration(&context, {}, &reply), address, credentials);
  return reply.toml();
}

}  // namespace muster::inline serve
