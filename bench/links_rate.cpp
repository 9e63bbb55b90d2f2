// Messages between two processes of this host over links by Gloo (muster/links/gloo_links.h) and the loopback
// interface, beside bare Gloo in the same processes, turn by turn: its own messages of 1 KiB to 16 MiB, and
// its all-reduce of as many floats as are exchanged. Both processes send and receive at once.
//   bench_links_rate [ELEMENTS [TURNS]]                                           (22,000,000, 15)
// Prints a line for each: median milliseconds, and bytes that one process sends over that time.
#include <fmt/format.h>
#include <gloo/allreduce.h>
#include <gloo/math.h>
#include <gloo/rendezvous/context.h>
#include <gloo/rendezvous/store.h>
#include <gloo/transport/tcp/device.h>
#include <gloo/transport/unbound_buffer.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bench/interleaved.h"
#include "muster/links/gloo_links.h"
#include "muster/rendezvous/store_client.h"
#include "muster/rendezvous/store_server.h"

namespace {

using namespace muster;

constexpr std::chrono::seconds patience(60);

/// A store of ours as Gloo wants it.
class AsGlooStore final : public gloo::rendezvous::Store {
 public:
  explicit AsGlooStore(KeyValues& inner) : inner_(inner) {}
  void set(const std::string& key, const std::vector<char>& value) override {
    inner_.set("bare/" + key, std::string(value.begin(), value.end()));
  }
  std::vector<char> get(const std::string& key) override {
    const std::string value = inner_.get("bare/" + key, patience).value();
    return {value.begin(), value.end()};
  }
  void wait(const std::vector<std::string>& keys) override { wait(keys, patience); }
  void wait(const std::vector<std::string>& keys, const std::chrono::milliseconds&) override {
    for (const std::string& key : keys) get(key);
  }

 private:
  KeyValues& inner_;
};

using Bytes = std::vector<std::byte>;

void exchange(Links& links, const Bytes& sent, Bytes& received, size_t slice) {
  const int peer = 1 - links.rank();
  std::vector<std::unique_ptr<Transfer>> transfers;
  for (size_t at = 0; at < sent.size(); at += slice) {
    const size_t length = std::min(slice, sent.size() - at);
    transfers.push_back(links.receive(std::span(received).subspan(at, length), peer, 1));
    transfers.push_back(links.send(std::span(sent).subspan(at, length), peer, 1));
  }
  for (const auto& transfer : transfers) links.wait(*transfer);
}

void exchange_bare(gloo::Context& group, Bytes& sent, Bytes& received) {
  const int peer = 1 - group.rank;
  const auto incoming = group.createUnboundBuffer(received.data(), received.size());
  const auto outgoing = group.createUnboundBuffer(sent.data(), sent.size());
  incoming->recv(peer, 1);
  outgoing->send(peer, 1);
  incoming->waitRecv(patience);
  outgoing->waitSend(patience);
}

struct Row {
  size_t bytes;  // that one process sends in a run
  int messages;
  std::string name;
};

/// All of one process; rank 0 prints.
void measure(int rank, KeyValues& store, size_t elements, int turns) {
  LinkOptions options;
  options.interface = "lo";
  const auto links = connect_gloo_links(store, "ours/", rank, 2, options);
  gloo::transport::tcp::attr at;
  at.iface = "lo";
  auto device = gloo::transport::tcp::CreateDevice(at);
  const auto bare = std::make_shared<gloo::rendezvous::Context>(rank, 2);
  AsGlooStore gloo_store(store);
  bare->connectFullMesh(gloo_store, device);

  std::vector<Row> rows;
  std::vector<bench::Contender> contenders;
  std::vector<std::unique_ptr<Bytes>> memory;
  const auto bytes_of = [&](size_t length) -> Bytes& {
    return *memory.emplace_back(std::make_unique<Bytes>(length, std::byte{1}));
  };
  const auto add = [&](const std::string& name, size_t bytes, int messages, std::function<void()> run) {
    rows.push_back({.bytes = bytes * static_cast<size_t>(messages), .messages = messages, .name = name});
    contenders.push_back({.name = name, .run = [messages, run] {
                            for (int i = 0; i < messages; ++i) run();
                          }});
  };
  for (const size_t kibibytes : {1, 16, 256, 1024, 16384}) {
    const size_t length = kibibytes << 10;
    const int messages = static_cast<int>(std::clamp<size_t>((size_t{1} << 24) / length, 1, 200));
    Bytes &sent = bytes_of(length), &received = bytes_of(length);
    add(fmt::format("links, {} KiB", kibibytes), length, messages,
        [&] { exchange(*links, sent, received, sent.size()); });
    add(fmt::format("bare,  {} KiB", kibibytes), length, messages,
        [&] { exchange_bare(*bare, sent, received); });
  }
  const size_t length = elements * sizeof(float);
  Bytes &sent = bytes_of(length), &received = bytes_of(length);
  std::vector<float> floats(elements, 1.0F);
  add("links, the vector whole", length, 1, [&] { exchange(*links, sent, received, length); });
  add("links, the vector in slices of 4 MiB", length, 1,
      [&] { exchange(*links, sent, received, size_t{4} << 20); });
  add("bare,  an all-reduce of as many floats", length, 1, [&] {
    gloo::AllreduceOptions all(bare);
    all.setOutput(floats.data(), floats.size());
    all.setReduceFunction(static_cast<void (*)(void*, const void*, const void*, size_t)>(&gloo::sum<float>));
    gloo::allreduce(all);
  });
  bench::interleave(contenders, turns);
  for (size_t i = 0; rank == 0 && i < rows.size(); ++i)
    fmt::print("{:<42}{:>10.3f} ms {:>8.2f} GB/s\n", rows[i].name,
               1e3 * contenders[i].median() / rows[i].messages,
               static_cast<double>(rows[i].bytes) / contenders[i].median() * 1e-9);
}

}  // namespace

int main(int argc, char** argv) {
  const auto elements = static_cast<size_t>(argc > 1 ? std::atoll(argv[1]) : 22'000'000);
  const int turns = argc > 2 ? std::atoi(argv[2]) : 15;
  const int port = 20000 + static_cast<int>(::getpid()) % 12000;
  const pid_t child = ::fork();
  const int rank = child == 0 ? 1 : 0;
  const auto server = rank == 0 ? std::make_unique<StoreServer>(StoreServerOptions{.port = port}) : nullptr;
  StoreClient store({.address = "127.0.0.1", .port = port}, patience);
  measure(rank, store, elements, turns);
  if (rank == 0) ::waitpid(child, nullptr, 0);
  return 0;
}
