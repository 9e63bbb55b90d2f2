// Two ranks of one program, over the network of this host: the library of the links is found where it was
// installed.
#include <muster/links/gloo_links.h>
#include <muster/rendezvous/store_client.h>
#include <muster/rendezvous/store_server.h>

#include <cstddef>
#include <cstdio>
#include <exception>
#include <future>
#include <vector>

int main() try {
  const muster::StoreServer server({});
  std::vector<std::byte> sent(1, std::byte{7}), received(1);
  const auto run = [&](int rank) {
    muster::StoreClient store({.address = "127.0.0.1", .port = server.port()}, std::chrono::seconds(20));
    muster::LinkOptions options;
    options.interface = "lo";
    const auto links = muster::connect_gloo_links(store, "group/", rank, 2, options);
    links->wait(rank == 0 ? *links->send(sent, 1, 0) : *links->receive(received, 0, 0));
  };
  auto other = std::async(std::launch::async, run, 1);
  run(0);
  other.get();
  std::printf("message %d\n", std::to_integer<int>(received[0]));
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
