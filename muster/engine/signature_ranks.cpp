#include "muster/engine/signature_ranks.h"

#include <chrono>
#include <exception>
#include <string>
#include <thread>

#include "muster/comm/linked_group.h"
#include "muster/comm/thread_group.h"
#include "muster/comm/two_level_group.h"
#include "muster/links/connect_links.h"
#include "muster/rendezvous/store_client.h"
#include "muster/rendezvous/store_server.h"

namespace muster::inline engine {

namespace {

constexpr std::chrono::seconds patience{60};

}  // namespace

void on_all_ranks(int ranks, const std::function<void(int rank)>& body) {
  std::vector<std::exception_ptr> errors(static_cast<size_t>(ranks));
  std::vector<std::thread> threads;
  for (int rank = 0; rank < ranks; ++rank)
    threads.emplace_back([&, rank] {
      try {
        body(rank);
      } catch (...) {
        errors[static_cast<size_t>(rank)] = std::current_exception();
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& error : errors)
    if (error) std::rethrow_exception(error);
}

std::vector<RankGroups> thread_ranks(int ranks) {
  std::vector<RankGroups> groups;
  for (std::unique_ptr<Communicator>& all : ThreadGroup::make(ranks)) groups.push_back({std::move(all)});
  return groups;
}

std::vector<RankGroups> block_ranks(int ranks) {
  constexpr int block_size = 2;
  const int blocks = ranks / block_size;
  auto all = ThreadGroup::make(ranks);
  std::vector<std::vector<std::unique_ptr<Communicator>>> block, inner, across;
  for (int i = 0; i < blocks; ++i) {
    block.push_back(ThreadGroup::make(block_size));
    inner.push_back(ThreadGroup::make(block_size));
  }
  for (int i = 0; i < block_size; ++i) across.push_back(ThreadGroup::make(blocks));
  std::vector<RankGroups> groups;
  for (int rank = 0; rank < ranks; ++rank) {
    const auto of = static_cast<size_t>(rank / block_size), place = static_cast<size_t>(rank % block_size);
    groups.push_back({make_two_level_group(std::move(all[static_cast<size_t>(rank)]),
                                           std::move(block[of][place]), std::move(across[place][of])),
                      std::move(inner[of][place])});
  }
  return groups;
}

std::vector<RankGroups> linked_ranks(int ranks) {
  const StoreServer store({.expected = ranks, .min_members = ranks});
  std::vector<RankGroups> groups(static_cast<size_t>(ranks));
  on_all_ranks(ranks, [&](int rank) {
    StoreClient client({.address = "127.0.0.1", .port = store.port()}, patience);
    LinkOptions links;
    links.interface = "lo";
    links.connect_within = patience;
    groups[static_cast<size_t>(rank)].all =
        make_linked_group(connect_links(LinkKind::automatic, client, "signature/", rank, ranks, links).links,
                          nullptr, {.slice_bytes = 1 << 10, .patience = patience});
  });
  return groups;
}

}  // namespace muster::inline engine
