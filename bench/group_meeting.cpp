// A meeting of several processes on this host, beside a bare Gloo all-reduce (whole and in slices) of the
// same vector in the same processes, turn by turn. Before each of them every process passes over other
// memory, as training does between two meetings: nobody finds his vector in the caches.
//   bench_group_meeting [PROCESSES [ELEMENTS [TURNS [SLICE_MIB...]]]]        (2, 22,000,000, 15, 4)
// Prints a line for each: median milliseconds, and bytes that one process sends over that time.
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <vector>

#include "muster/base/stopwatch.h"
#include "muster/comm/averager.h"
#include "muster/comm/linked_group.h"
#include "muster/flat/arithmetic.h"
#include "muster/flat/vector.h"
#include "muster/libtorch/tensor_vector.h"
#include "muster/links/gloo_links.h"
#include "muster/rendezvous/store_client.h"
#include "muster/rendezvous/store_server.h"

namespace {

using namespace muster;

int64_t argument(int argc, char** argv, int at, int64_t otherwise) {
  return argc > at ? std::atoll(argv[at]) : otherwise;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// PyTorch's store listens there, ours one above.
const int port = 20000 + static_cast<int>(::getpid()) % 12000;

struct Contender {
  std::string name;
  std::function<void()> run;
  std::vector<double> seconds{};
};

/// All of one process; rank 0 prints.
void measure(int rank, int size, int64_t elements, int64_t turns, const std::vector<int64_t>& slices) {
  at::set_num_threads(1);
  c10d::TCPStoreOptions store_options;
  store_options.port = port;
  store_options.isServer = rank == 0;
  store_options.waitWorkers = false;
  const auto store = c10::make_intrusive<c10d::TCPStore>("127.0.0.1", store_options);
  auto options = c10d::ProcessGroupGloo::Options::create();
  options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForInterface("lo"));
  c10d::ProcessGroupGloo bare(
      c10::make_intrusive<c10d::PrefixStore>("bare", c10::intrusive_ptr<c10d::Store>(store)), rank, size,
      options);
  const auto server =
      rank == 0 ? std::make_unique<StoreServer>(StoreServerOptions{.port = port + 1}) : nullptr;
  StoreClient keys({.address = "127.0.0.1", .port = port + 1}, std::chrono::seconds(20));

  Vector parameters = flat_vector(elements), anchor = flat_vector(elements);
  const at::Tensor vector = flat_tensor(elements);
  fill(parameters, 0.5 * rank);
  vector.fill_(1.0F);
  ThreadPool pool(1);
  std::vector<Contender> contenders;
  const auto all_reduce = [&](int64_t slice) {
    std::vector<c10::intrusive_ptr<c10d::Work>> works;
    for (int64_t at = 0; at < elements; at += slice) {
      std::vector<at::Tensor> one = {vector.narrow(0, at, std::min(slice, elements - at))};
      works.push_back(bare.allreduce(one));
    }
    for (auto& work : works) work->wait();
  };
  contenders.push_back({"bare all-reduce, whole", [&] { all_reduce(elements); }});
  for (const int64_t mib : {4, 16})
    contenders.push_back(
        {fmt::format("bare all-reduce, slices of {} MiB", mib), [&, mib] { all_reduce(mib << 18); }});
  std::vector<std::unique_ptr<Communicator>> groups;
  std::vector<std::unique_ptr<Averager>> averagers;
  Vector mean = flat_vector(elements);
  for (const int64_t mib : slices) {
    LinkOptions links;
    links.interface = "lo";
    groups.push_back(make_linked_group(connect_gloo_links(keys, fmt::format("g{}/", mib), rank, size, links),
                                       nullptr, {.slice_bytes = mib << 20}));
    averagers.push_back(std::make_unique<Averager>(*groups.back(), pool));
    const Deadline later = deadline_in(std::chrono::hours(1));
    contenders.push_back(
        {fmt::format("mean in rank order, slices of {} MiB", mib),
         [&, group = groups.back().get(), later] { group->start_mean(parameters, mean)->wait(later); }});
    contenders.push_back(
        {fmt::format("whole meeting, slices of {} MiB", mib), [&, averager = averagers.back().get(), later] {
           averager->meet({.vectors = {{.replicas = {parameters}}}}, later);
         }});
    contenders.push_back({fmt::format("with an anchor kept, slices of {} MiB", mib),
                          [&, averager = averagers.back().get(), later] {
                            averager->meet({.vectors = {{.replicas = {parameters}, .mean = &anchor}}}, later);
                          }});
  }
  const at::Tensor other = flat_tensor(64 << 20);
  std::vector<at::Tensor> token = {flat_tensor(1)};
  for (int64_t turn = 0; turn <= turns; ++turn)
    for (Contender& contender : contenders) {
      other.mul_(1.0F);
      bare.allreduce(token)->wait();
      const Stopwatch watch;
      contender.run();
      bare.allreduce(token)->wait();
      if (turn > 0) contender.seconds.push_back(watch.seconds());
    }
  if (rank != 0) return;
  const double bytes = 2.0 * (size - 1) / size * 4 * static_cast<double>(elements);
  for (const Contender& contender : contenders)
    fmt::print("{:45} {:8.1f} ms {:8.2f} GB/s\n", contender.name, 1e3 * median(contender.seconds),
               bytes / median(contender.seconds) / 1e9);
}

}  // namespace

int main(int argc, char** argv) {
  const int size = static_cast<int>(argument(argc, argv, 1, 2));
  const int64_t elements = argument(argc, argv, 2, 22'000'000), turns = argument(argc, argv, 3, 15);
  std::vector<int64_t> slices;
  for (int at = 4; at < argc; ++at) slices.push_back(std::atoll(argv[at]));
  if (slices.empty()) slices.push_back(4);
  for (int rank = 1; rank < size; ++rank)
    if (fork() == 0) {
      measure(rank, size, elements, turns, slices);
      std::_Exit(0);
    }
  measure(0, size, elements, turns, slices);
  while (::wait(nullptr) > 0) {
  }
  return 0;
}
