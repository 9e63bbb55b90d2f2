// Averaging of 4 replicas of 25 M parameters in one process, beside the memory bandwidth (an in-place pass
// over as many bytes, same threads, same run) and beside python3-torch's Gloo all-reduce of 4 processes.
//   bench_local_mean [THREADS [REPLICAS [ELEMENTS [TURNS]]]]        (2, 4, 25,000,000, 21; without Gloo:
//   TURNS < 0)
#include "muster/comm/local_mean.h"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "bench/interleaved.h"
#include "muster/flat/vector.h"

namespace {

using namespace muster;

/// The median that the peer prints, in seconds; nothing where it cannot run.
double gloo_seconds(int replicas, int64_t elements) {
  const std::string command =
      fmt::format("/usr/bin/python3 {}/gloo_all_reduce.py {} {} 5", MUSTER_PEERS, replicas, elements);
  FILE* const pipe = ::popen(command.c_str(), "r");
  if (!pipe) return 0;
  std::string output;
  std::array<char, 4096> part;
  while (const size_t count = std::fread(part.data(), 1, part.size(), pipe))
    output.append(part.data(), count);
  if (::pclose(pipe) != 0) return 0;
  return nlohmann::json::parse(output).value("median_seconds", 0.0);
}

int64_t argument(int argc, char** argv, int at, int64_t otherwise) {
  return argc > at ? std::atoll(argv[at]) : otherwise;
}

std::vector<Vector> make_replicas(int count, int64_t elements) {
  std::vector<Vector> replicas;
  for (int k = 0; k < count; ++k) {
    replicas.push_back(flat_vector(elements));
    float* const values = replicas.back().data<float>();
    for (int64_t i = 0; i < elements; ++i) values[i] = static_cast<float>((i * 7 + k * 13) % 101) * 0.01F;
  }
  return replicas;
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = static_cast<int>(argument(argc, argv, 1, 2));
  const int count = static_cast<int>(argument(argc, argv, 2, 4));
  const int64_t elements = argument(argc, argv, 3, 25'000'000), turns = argument(argc, argv, 4, 21);
  ThreadPool pool(threads);
  const std::vector<Vector> replicas = make_replicas(count, elements);
  const Vector anchor = flat_vector(elements);
  const int64_t bytes = 2 * count * elements * 4, with_anchor = bytes + elements * 4;
  const Vector yardstick = flat_vector(with_anchor / 8);
  std::vector<bench::Contender> contenders = {
      {"in-place pass, as many bytes", [&] { bench::in_place_pass(yardstick.data<float>(), bytes, pool); }},
      {"mean, write-back",
       [&] {
         local_mean(replicas, {}, {false, true}, pool);
       }},
      {"mean, divergence, write-back",
       [&] {
         local_mean(replicas, {}, {true, true}, pool);
       }},
      {"in-place pass, anchor's bytes too",
       [&] { bench::in_place_pass(yardstick.data<float>(), with_anchor, pool); }},
      {"mean, divergence, write-back, anchor", [&] {
         local_mean(replicas, anchor, {true, true}, pool);
       }}};
  double gloo = 0;
  if (turns > 0) gloo = gloo_seconds(count, elements);
  bench::interleave(contenders, static_cast<int>(std::abs(turns)));
  if (turns > 0)
    gloo = std::min(gloo, gloo_seconds(count, elements));  // before and after: the better one counts
  const std::array<double, 5> moved = {double(bytes), double(bytes), double(bytes), double(with_anchor),
                                       double(with_anchor)};
  fmt::print("{} replicas of {} floats, {} threads\n{:40} {:>9} {:>8} {:>12} {:>8}\n", count, elements,
             threads, "", "median ms", "GB/s", "of bandwidth", "x Gloo");
  for (size_t i = 0; i < contenders.size(); ++i) {
    const double seconds = contenders[i].median(), pass = contenders[i < 3 ? 0 : 3].median();
    fmt::print("{:40} {:9.2f} {:8.1f} {:11.1f}% {:8.1f}\n", contenders[i].name, seconds * 1e3,
               moved[i] / seconds * 1e-9, pass / seconds * 100, gloo / seconds);
  }
  if (gloo > 0) fmt::print("{:40} {:9.2f}\n", "Gloo all-reduce and division", gloo * 1e3);
}
