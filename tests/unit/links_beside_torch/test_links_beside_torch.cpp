#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "muster/links/gloo_links.h"
#include "tests/support/memory_store.h"

namespace muster {
namespace {

// LibTorch has a Gloo too: Debian's rests on the same library, that of PyPI carries one of its own.
TEST(LinksBesideTorch, CarryATensor) {
  test::MemoryStore store;
  const at::Tensor sent = at::arange(100'000, at::kFloat), received = at::zeros_like(sent);
  const auto bytes = static_cast<size_t>(sent.nbytes());
  std::vector<std::thread> ranks;
  for (int rank = 0; rank < 2; ++rank)
    ranks.emplace_back([&, rank] {
      LinkOptions options;
      options.interface = "lo";
      const auto links = connect_gloo_links(store, "test/", rank, 2, options);
      const auto transfer = rank == 0
                                ? links->send({static_cast<const std::byte*>(sent.data_ptr()), bytes}, 1, 1)
                                : links->receive({static_cast<std::byte*>(received.data_ptr()), bytes}, 0, 1);
      links->wait(*transfer);
    });
  for (std::thread& rank : ranks) rank.join();
  EXPECT_TRUE(at::equal(sent, received));
}

}  // namespace
}  // namespace muster
