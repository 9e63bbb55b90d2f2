// A meeting of several processes of this host over shared memory and over Gloo links, beside a bare Gloo
// all-reduce (ring, over lo, Debian's libgloo, no division) of the same vector in the same processes, turn by
// turn. Before each of them every process passes over other memory, as training does between two meetings:
// nobody finds his vector in the caches.
//   bench_host_meeting [PROCESSES [ELEMENTS [TURNS [SLOT_KIB SLOTS]...]]]            (2, 22,000,000, 15)
// Prints a line for each: median and least milliseconds, and processor milliseconds of rank 0 (median); each
// also divided by Gloo's: medians of the ratios within a turn, but for the least. Exit status 1 where a mean
// is not the serial one.
#include <fmt/format.h>
#include <gloo/allreduce.h>
#include <gloo/math.h>
#include <gloo/rendezvous/context.h>
#include <gloo/rendezvous/file_store.h>
#include <gloo/transport/tcp/device.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "muster/base/stopwatch.h"
#include "muster/comm/averager.h"
#include "muster/comm/linked_group.h"
#include "muster/flat/vector.h"
#include "muster/links/gloo_links.h"
#include "muster/links/host_segment.h"
#include "muster/links/shared_memory_links.h"
#include "muster/rendezvous/store_client.h"
#include "muster/rendezvous/store_server.h"

namespace {

using namespace muster;

struct Plan {
  int size = 2;
  long elements = 22'000'000;
  int turns = 15;
  std::vector<LaneShape> shapes{};
  std::string folder{};  // where Gloo's processes meet
  int port = 0;          // where ours do
};

float element(size_t i, int rank) {
  return static_cast<float>((i * 7 + static_cast<size_t>(rank) * 13) % 101) * 0.01F;
}
void fill(const Vector& vector, int rank) {
  for (size_t i = 0; i < static_cast<size_t>(vector.size()); ++i) vector.data<float>()[i] = element(i, rank);
}
bool is_serial_mean(const Vector& mean, int size) {
  for (size_t i = 0; i < static_cast<size_t>(mean.size()); ++i) {
    float sum = element(i, 0);
    for (int rank = 1; rank < size; ++rank) sum += element(i, rank);
    if (mean.data<float>()[i] != sum / static_cast<float>(size)) return false;
  }
  return true;
}

double processor_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(share * static_cast<double>(values.size() - 1))];
}

struct Contender {
  std::string name;
  std::function<void()> run;
  std::vector<double> seconds{}, processor{};
};

/// All-reduces of a bare Gloo.
class Gloo {
 public:
  Gloo(int rank, const Plan& plan)
      : files_(plan.folder), context_(std::make_shared<gloo::rendezvous::Context>(rank, plan.size)) {
    gloo::transport::tcp::attr loopback;
    loopback.iface = "lo";
    auto device = gloo::transport::tcp::CreateDevice(loopback);
    context_->connectFullMesh(files_, device);
  }
  void all_reduce(const Vector& values) {
    using Sum = void (*)(void*, const void*, const void*, size_t);
    gloo::AllreduceOptions options(context_);
    options.setAlgorithm(gloo::AllreduceOptions::Algorithm::RING);
    options.setOutput(values.data<float>(), static_cast<size_t>(values.size()));
    options.setReduceFunction(static_cast<Sum>(&gloo::sum<float>));
    gloo::allreduce(options);
  }

 private:
  gloo::rendezvous::FileStore files_;
  std::shared_ptr<gloo::rendezvous::Context> context_;
};

/// Runs the contenders in turn on every rank; the first turn only warms up.
void take_turns(std::vector<Contender>& contenders, Gloo& gloo, const Vector& vector, int rank, int turns) {
  std::vector<float> other(64 << 20, 1.0F);
  const Vector token = flat_vector(1);
  const volatile float factor = 1.0F;
  for (int turn = 0; turn <= turns; ++turn)
    for (Contender& contender : contenders) {
      fill(vector, rank);
      const float by = factor;
      for (float& value : other) value *= by;
      gloo.all_reduce(token);
      const Stopwatch watch;
      const double before = processor_seconds();
      contender.run();
      gloo.all_reduce(token);
      if (turn == 0) continue;
      contender.seconds.push_back(watch.seconds());
      contender.processor.push_back(processor_seconds() - before);
    }
}

void print(const std::vector<Contender>& contenders) {
  const auto row = [&](const std::vector<double> Contender::*what, double share, const Contender& contender) {
    std::vector<double> ratios;
    for (size_t turn = 0; turn < contender.seconds.size(); ++turn)
      ratios.push_back((contender.*what)[turn] / (contenders[0].*what)[turn]);
    const double value = quantile(contender.*what, share);
    const double ratio = share > 0 ? quantile(ratios, share) : value / quantile(contenders[0].*what, share);
    return fmt::format("{:8.1f} {:6.3f}", 1e3 * value, ratio);
  };
  fmt::print("{:58} {:>15} {:>15} {:>15}\n", "ms, and compared with Gloo", "median", "least", "processor");
  for (const Contender& contender : contenders)
    fmt::print("{:58} {} {} {}\n", contender.name, row(&Contender::seconds, 0.5, contender),
               row(&Contender::seconds, 0, contender), row(&Contender::processor, 0.5, contender));
}

/// A group that meets, and its Averager.
struct Met {
  Met(std::unique_ptr<Links> links, ThreadPool& pool)
      : group(make_linked_group(std::move(links), nullptr, {})), averager(*group, pool) {}
  std::unique_ptr<Communicator> group;
  Averager averager;
};

/// All of one process; rank 0 prints. False where a mean is wrong.
bool measure(int rank, const Plan& plan) {
  Gloo gloo(rank, plan);
  const auto server =
      rank == 0 ? std::make_unique<StoreServer>(StoreServerOptions{.port = plan.port}) : nullptr;
  StoreClient keys({.address = "127.0.0.1", .port = plan.port}, std::chrono::seconds(20));
  ThreadPool pool(1);
  const Vector vector = flat_vector(plan.elements);
  Vector anchor = flat_vector(plan.elements);
  std::vector<Contender> contenders = {{"bare all-reduce", [&] { gloo.all_reduce(vector); }},
                                       {"nothing (the barrier behind each of them)", [] {}}};
  std::vector<std::unique_ptr<Met>> groups;
  bool right = true;
  const auto add = [&](const std::string& name, std::unique_ptr<Links> links) {
    Met& met = *groups.emplace_back(std::make_unique<Met>(std::move(links), pool));
    const Deadline later = deadline_in(std::chrono::hours(1));
    const auto meet = [&, later] { met.averager.meet({.vectors = {{.replicas = {vector}}}}, later); };
    contenders.push_back({"whole meeting, " + name, meet});
    contenders.push_back({"with an anchor kept, " + name, [&, later] {
                            met.averager.meet({.vectors = {{.replicas = {vector}, .mean = &anchor}}}, later);
                          }});
    fill(vector, rank);
    meet();
    right = right && is_serial_mean(vector, plan.size);
  };
  for (const LaneShape& shape : plan.shapes)
    add(fmt::format("shared memory, {} slots of {} KiB", shape.slots, shape.slot_bytes >> 10),
        connect_shared_memory_links(keys, fmt::format("{}/", groups.size()), rank, plan.size, {}, shape));
  add("Gloo links", connect_gloo_links(keys, "gloo/", rank, plan.size, {.interface = "lo"}));
  take_turns(contenders, gloo, vector, rank, plan.turns);
  if (rank == 0) print(contenders);
  gloo.all_reduce(flat_vector(1));
  return right;
}

Plan plan_of(int argc, char** argv) {
  const auto number = [&](int at, long otherwise) { return argc > at ? std::atol(argv[at]) : otherwise; };
  Plan plan;
  plan.size = static_cast<int>(number(1, plan.size));
  plan.elements = number(2, plan.elements);
  plan.turns = static_cast<int>(number(3, plan.turns));
  for (int at = 4; at + 1 < argc; at += 2)
    plan.shapes.push_back({static_cast<size_t>(number(at, 0)) << 10, static_cast<int>(number(at + 1, 0))});
  if (plan.shapes.empty()) plan.shapes.push_back(lane_shape_of(plan.size));
  plan.port = 20000 + static_cast<int>(::getpid()) % 12000;
  return plan;
}

}  // namespace

int main(int argc, char** argv) {
  Plan plan = plan_of(argc, argv);
  std::string folder = std::filesystem::temp_directory_path() / "host_meeting_XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return 1;
  plan.folder = folder;
  for (int rank = 1; rank < plan.size; ++rank)
    if (::fork() == 0) std::_Exit(measure(rank, plan) ? 0 : 1);
  bool right = measure(0, plan);
  for (int status = 0; ::wait(&status) > 0;) right = right && status == 0;
  std::filesystem::remove_all(folder);
  return right ? 0 : 1;
}
