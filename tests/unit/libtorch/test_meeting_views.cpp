#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

#include "muster/comm/averager.h"
#include "muster/comm/thread_group.h"
#include "muster/libtorch/tensor_vector.h"

namespace muster {
namespace {

// Two processes of one worker each meet twice without wanting the mean besides; tensors that are views of the
// replicas, made before, see each mean, also where the replica is only a part of a vector.
TEST(MeetingViews, TensorsOfTheReplicaSeeTheMeanThatTookItsPlace) {
  constexpr int64_t size = 20'011;
  auto group = ThreadGroup::make(2);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < 2; ++rank)
    threads.emplace_back([&, rank] {
      ThreadPool pool(1);
      Averager averager(*group[static_cast<size_t>(rank)], pool);
      const Vector longer = storage_vector(size + 1, ElementType::float32);
      for (const Vector& replica : {storage_vector(size, ElementType::float32), longer.part(1, size)}) {
        const at::Tensor whole = tensor_of(replica), view = whole.narrow(0, 7, 30).view({5, 6});
        whole.fill_(rank + 1);
        averager.meet({.vectors = {{.replicas = {replica}}}}, deadline_in(std::chrono::seconds(20)));
        EXPECT_TRUE(at::equal(view, at::full({5, 6}, 1.5F)));
        view.add_(2 * rank);
        averager.meet({.vectors = {{.replicas = {replica}}}}, deadline_in(std::chrono::seconds(20)));
        EXPECT_TRUE(at::equal(whole.narrow(0, 0, 7), at::full({7}, 1.5F)));
        EXPECT_TRUE(at::equal(view, at::full({5, 6}, 2.5F)));
      }
    });
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace muster
