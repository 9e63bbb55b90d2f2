// How fast images of a folder become training batches: JPEG or PNG -> random resized crop, flip, normalised
// floats. The first epoch warms up, the others are timed. bench/peers/image_folder.sh runs it beside Pillow.
//   bench_image_folder FOLDER [THREADS] [EPOCHS] [SIZE]        (2, 5, 224)
#include <fmt/format.h>

#include <cstdlib>
#include <string>

#include "muster/base/error.h"
#include "muster/base/stopwatch.h"
#include "muster/base/thread_pool.h"
#include "muster/libtorch/kernel_threads.h"
#include "muster/task/images/folder_task.h"
#include "muster/task/samplers/permutation.h"

namespace {

using namespace muster;

constexpr int64_t batch = 32;

/// All samples once, in random order; returns the images read.
int64_t read_epoch(const Task& task, int64_t epoch, ThreadPool& pool) {
  const auto order =
      random_permutation(task.train_size(), {1, Purpose::data_order, static_cast<uint64_t>(epoch), 0});
  const int64_t batches = task.train_size() / batch;
  pool.run(batches, [&](int64_t i) {
    task.train_batch(std::span(order).subspan(static_cast<size_t>(i * batch), batch), epoch);
  });
  return batches * batch;
}

double images_per_second(const Task& task, int threads, int64_t epochs) {
  use_single_threaded_kernels();
  ThreadPool pool(threads, use_single_threaded_kernels_here);
  read_epoch(task, 0, pool);
  const Stopwatch watch;
  int64_t images = 0;
  for (int64_t epoch = 1; epoch <= epochs; ++epoch) images += read_epoch(task, epoch, pool);
  return static_cast<double>(images) / watch.seconds();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: bench_image_folder FOLDER [THREADS] [EPOCHS] [SIZE]\n");
    return 2;
  }
  const int threads = argc > 2 ? std::atoi(argv[2]) : 2;
  const int64_t epochs = argc > 3 ? std::atoll(argv[3]) : 5;
  try {
    FolderTaskOptions options;
    options.reader.size = argc > 4 ? std::atoll(argv[4]) : 224;
    const FolderTask task(list_image_folders(argv[1], std::string(argv[1]) + "/train"), options);
    fmt::print("{:.1f}\n", images_per_second(task, threads, epochs));
  } catch (const Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  }
}
