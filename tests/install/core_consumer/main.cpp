// Two threads with a number each, 1 and 3, meet in the middle.
#include <cstdio>
#include <thread>
#include <vector>

#include "muster/comm/thread_group.h"
#include "muster/flat/segments.h"
#include "muster/local_updates/local_updates.h"
#include "muster/schedule/constant_period.h"

int main() {
  auto group = muster::ThreadGroup::make(2);
  std::vector<float> numbers(2, 0.0F);
  std::vector<std::thread> ranks;
  for (size_t rank = 0; rank < 2; ++rank)
    ranks.emplace_back([&, rank] {
      const muster::Segments model{{&numbers[rank], {1}}};
      muster::LocalUpdates local(model, *group[rank], muster::ConstantPeriod{{.base_period = 2}}, 2);
      for (int step = 0; step < 2; ++step) {
        numbers[rank] += static_cast<float>(rank) + 0.5F;  // 1 and 3 after two steps
        local.step(0.1);
      }
    });
  for (std::thread& rank : ranks) rank.join();
  std::printf("mean %g and %g\n", static_cast<double>(numbers[0]), static_cast<double>(numbers[1]));
}
