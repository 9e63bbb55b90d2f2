#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "muster/base/error.h"
#include "muster/base/random.h"
#include "muster/base/stopwatch.h"
#include "muster/rendezvous/protocol.h"
#include "muster/rendezvous/sockets.h"
#include "muster/rendezvous/store_client.h"
#include "muster/rendezvous/store_server.h"
#include "tests/unit/rendezvous/run_server.h"

namespace muster {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// Speaks to the port byte by byte.
class Stranger {
 public:
  explicit Stranger(const StoreServer& server)
      : socket_(connect_to("127.0.0.1", server.port(), std::chrono::steady_clock::now() + 5s)) {}

  void say(const std::string& bytes) {
    EXPECT_GE(::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL), 0);
  }
  /// The next bytes; none when the server has closed.
  std::string some(size_t most) {
    pollfd waiting{socket_.number(), POLLIN, 0};
    ::poll(&waiting, 1, 5000);
    std::string bytes(most, '\0');
    const ssize_t count = ::recv(socket_.number(), bytes.data(), most, 0);
    bytes.resize(count > 0 ? static_cast<size_t>(count) : 0);
    return bytes;
  }
  /// Everything until the server closes; nothing when it has not by then.
  std::optional<std::string> all_until_closed(std::chrono::milliseconds within = 5s) {
    std::string heard;
    const auto deadline = std::chrono::steady_clock::now() + within;
    while (true) {
      pollfd waiting{socket_.number(), POLLIN, 0};
      if (::poll(&waiting, 1, poll_milliseconds(std::chrono::steady_clock::now(), deadline)) <= 0)
        return std::nullopt;
      std::array<char, 4096> bytes;
      const ssize_t count = ::recv(socket_.number(), bytes.data(), bytes.size(), 0);
      if (count <= 0) return heard;
      heard.append(bytes.data(), static_cast<size_t>(count));
    }
  }

 private:
  FileDescriptor socket_;
};

std::string refusal_in(const std::string& bytes) {
  FrameSplitter frames;
  frames.append(bytes);
  return welcome_from(frames.next().value()).refusal;
}

/// Far below the introduction's 0.2 s: nobody waits for a stranger. Sanitizers slow everything down.
#ifdef MUSTER_SANITIZED
constexpr double longest_latency = 0.5;
#else
constexpr double longest_latency = 0.1;
#endif

/// The longest of some calls, in seconds.
double latency(StoreClient& client) {
  double longest = 0;
  for (int i = 0; i < 20; ++i) {
    const Stopwatch watch;
    client.add("calls", 1);
    longest = std::max(longest, watch.seconds());
  }
  return longest;
}

TEST(StoreServer, ListensWhereItWasTold) {
  const StoreServer server(quick_options(1, 1));
  StoreServerOptions taken = quick_options(1, 1);
  taken.port = server.port();
  try {
    const StoreServer second(taken);
    FAIL() << "two servers at one port";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("cannot listen on 127.0.0.1, port " + std::to_string(taken.port)));
  }
  StoreServerOptions elsewhere = quick_options(1, 1);
  elsewhere.address = "192.0.2.1";  // of nobody (RFC 5737)
  EXPECT_THROW(StoreServer{elsewhere}, Error);
  StoreServerOptions everywhere = quick_options(1, 1);
  everywhere.address = "0.0.0.0";
  const StoreServer open(everywhere);
  EXPECT_EQ(StoreClient(endpoint_of(open), 5s).count(), 0);
}

TEST(StoreServer, WhatIsNoHelloCostsItsConnectionOnly) {
  const StoreServer server(quick_options(1, 1));
  StoreClient client(endpoint_of(server), 5s);
  std::vector<std::string> nonsense{"GET / HTTP/1.1\r\nHost: store\r\n\r\n",
                                    std::string("\xff\xff\xff\xff", 4), std::string("\0\0\0\0", 4),
                                    MessageWriter().text("something else").number(1).text("secret").frame(),
                                    MessageWriter().text(std::string(5000, 'x')).frame()};
  RandomStream random({.seed = 1, .purpose = Purpose::test});
  for (int i = 0; i < 50; ++i) {
    std::string bytes(1 + random.below(300), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.below(256));
    nonsense.push_back(bytes);
  }
  for (const std::string& bytes : nonsense) {
    Stranger stranger(server);
    stranger.say(bytes);
    EXPECT_EQ(stranger.all_until_closed(), "");
  }
  EXPECT_EQ(client.count(), 0);
}

TEST(StoreServer, NonsenseBehindAGoodHelloCostsItsConnectionOnly) {
  const StoreServer server(quick_options(2, 1));
  StoreClient client(endpoint_of(server), 5s);
  const auto member = join(server, "a", 0);
  RandomStream random({.seed = 2, .purpose = Purpose::test});
  for (int i = 0; i < 200; ++i) {
    Stranger stranger(server);
    std::string body(random.below(40), '\0');
    for (char& byte : body) byte = static_cast<char>(random.below(256));
    if (!body.empty() && i % 2 == 0) body[0] = static_cast<char>(random.below(48));
    stranger.say(hello_frame("secret") + MessageWriter().text(body).frame());
    if (i % 2 == 0) continue;  // gone before the answer
    stranger.say("\xff\xff\xff\xff");
    EXPECT_TRUE(stranger.all_until_closed());
  }
  EXPECT_LT(latency(client), longest_latency);
  EXPECT_EQ(server.status().members, 1);
}

TEST(StoreServer, EveryCutOfARequestIsRefused) {
  const StoreServer server(quick_options(1, 1));
  StoreClient client(endpoint_of(server), 5s);
  const std::string whole = request_of(Request::compare_set, 1).text("key").text("").text("value").frame();
  for (size_t length = 0; length + 5 < whole.size(); ++length) {
    Stranger stranger(server);
    const std::string body = whole.substr(4, length);
    std::string frame(4, '\0');
    frame[0] = static_cast<char>(length);
    stranger.say(hello_frame("secret") + frame + body);
    EXPECT_TRUE(stranger.all_until_closed(2s)) << length;
  }
  Stranger longer(server);
  longer.say(hello_frame("secret") + request_of(Request::count, 1).byte(0).frame());
  EXPECT_TRUE(longer.all_until_closed(2s));
  EXPECT_EQ(client.count(), 0);
}

TEST(StoreServer, HalfAMessageDelaysNobody) {
  const StoreServer server(quick_options(1, 1));
  StoreClient client(endpoint_of(server), 5s);
  std::vector<std::unique_ptr<Stranger>> strangers;
  const std::string hello = hello_frame("secret");
  for (int i = 0; i < 30; ++i) {
    strangers.push_back(std::make_unique<Stranger>(server));
    if (i % 3 == 1) strangers.back()->say(hello.substr(0, 10));
    if (i % 3 == 2) strangers.back()->say(hello + request_of(Request::set, 1).text("k").frame().substr(0, 9));
  }
  const Stopwatch watch;
  EXPECT_LT(latency(client), longest_latency);
  EXPECT_LT(StoreClient(endpoint_of(server), 5s).count() + watch.seconds(), 2.0);
  for (const auto& stranger : strangers) EXPECT_TRUE(stranger->all_until_closed());
  EXPECT_LT(watch.seconds(), 1.5);  // the introduction is 0.2 s
}

TEST(StoreServer, AClientMayBeIdle) {
  const StoreServer server(quick_options(1, 1));
  StoreClient client(endpoint_of(server), 5s);
  std::this_thread::sleep_for(300ms);  // the introduction is 0.2 s
  EXPECT_EQ(client.count(), 0);
}

TEST(StoreServer, ManySilentStrangersDoNotKeepOthersOut) {
  StoreServerOptions options = quick_options(1, 1);
  options.introduction = 60s;
  const StoreServer server(options);
  std::vector<std::unique_ptr<Stranger>> strangers;
  for (int i = 0; i < 150; ++i) strangers.push_back(std::make_unique<Stranger>(server));
  const Stopwatch watch;
  StoreClient client(endpoint_of(server), 5s);
  EXPECT_EQ(client.count(), 0);
  EXPECT_LT(watch.seconds(), 0.5);
  EXPECT_TRUE(strangers.front()->all_until_closed(2s));
  EXPECT_FALSE(strangers.back()->all_until_closed(50ms));
}

std::string many_requests(int count) {
  std::string requests;
  for (int i = 1; i <= count; ++i) requests += request_of(Request::get, i).text("long").number(0).frame();
  return requests;
}

TEST(StoreServer, WhoDoesNotReadIsCutOffAndDelaysNobody) {
  const StoreServer server(quick_options(1, 1));
  StoreClient client(endpoint_of(server), 5s);
  client.set("long", std::string(500'000, 'x'));
  Stranger stranger(server);
  stranger.say(hello_frame("secret") + many_requests(200));
  EXPECT_LT(latency(client), 0.5);     // a send() that waited would never end
  std::this_thread::sleep_for(300ms);  // the introduction is 0.2 s
  EXPECT_LT(latency(client), 0.5);     // a send() that waited would never end
  const auto heard = stranger.all_until_closed();
  ASSERT_TRUE(heard);
  EXPECT_LT(heard->size(), 50'000'000U);
}

TEST(StoreServer, WhoReadsSlowlyGetsAllAnswers) {
  StoreServerOptions options = quick_options(1, 1);
  options.introduction = 5s;
  const StoreServer server(options);
  StoreClient client(endpoint_of(server), 5s);
  client.set("long", std::string(500'000, 'x'));
  constexpr int requests = 40;
  Stranger stranger(server);
  stranger.say(hello_frame("secret") + many_requests(requests));
  FrameSplitter frames;
  int answers = -1;  // the welcome
  while (answers < requests) {
    const std::string bytes = stranger.some(200'000);
    ASSERT_FALSE(bytes.empty());
    frames.append(bytes);
    while (frames.next()) ++answers;
    if (answers % 8 == 0) std::this_thread::sleep_for(1ms);
  }
}

TEST(StoreServer, ManyRequestsAtOnceAreAllAnswered) {
  const StoreServer server(quick_options(1, 1));
  std::string requests = hello_frame("secret");
  constexpr int count = 5000;
  for (int i = 1; i <= count; ++i) requests += request_of(Request::add, i).text("n").number(1).frame();
  Stranger stranger(server);
  stranger.say(requests);
  StoreClient client(endpoint_of(server), 5s);
  const Stopwatch watch;
  while (client.add("n", 0) < count && watch.seconds() < 5) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(client.add("n", 0), count);
}

TEST(StoreServer, RefusesAnotherVersionReadably) {
  const StoreServer server(quick_options(1, 1));
  Stranger stranger(server);
  stranger.say(MessageWriter().text("muster rendezvous").number(7).number(1).text("whatever").frame());
  const auto heard = stranger.all_until_closed(2s);
  ASSERT_TRUE(heard);
  EXPECT_THAT(refusal_in(*heard), HasSubstr("protocol version 2, the caller version 7"));
}

TEST(StoreServer, RefusesAWrongToken) {
  const StoreServer server(quick_options(1, 1));
  for (const char* const token : {"", "secre", "secret ", "Secret", "secretsecret"}) {
    StoreEndpoint endpoint = endpoint_of(server);
    endpoint.token = token;
    const Stopwatch watch;
    try {
      const StoreClient client(endpoint, 5s);
      ADD_FAILURE() << "'" << token << "' was let in";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("refuses: the token is not that of this run"));
    }
    EXPECT_LT(watch.seconds(), 1);
  }
  StoreServerOptions open = quick_options(1, 1);
  open.token = "";
  const StoreServer without(open);
  EXPECT_EQ(StoreClient({"127.0.0.1", without.port(), ""}, 5s).count(), 0);
}

TEST(StoreServer, WhatIsNoStoreIsToldSo) {
  const FileDescriptor listener = listen_on("127.0.0.1", 0);
  auto answer = async([&] {
    pollfd waiting{listener.number(), POLLIN, 0};
    ::poll(&waiting, 1, 5000);
    const FileDescriptor peer(::accept(listener.number(), nullptr, nullptr));
    ::send(peer.number(), "\3\0\0\0 no", 7, MSG_NOSIGNAL);
    std::array<char, 100> bytes;
    ::recv(peer.number(), bytes.data(), bytes.size(), 0);
  });
  try {
    const StoreClient client({"127.0.0.1", port_of(listener), ""}, 5s);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("what listens there is not the store"));
  }
}

TEST(StoreServer, ATokenIsComparedWhole) {
  EXPECT_TRUE(same_token("", ""));
  EXPECT_TRUE(same_token("abc", "abc"));
  EXPECT_FALSE(same_token("abc", "abcabc"));
  EXPECT_FALSE(same_token("abc", "ab"));
  EXPECT_FALSE(same_token("abc", ""));
  EXPECT_FALSE(same_token("", "abc"));
}

}  // namespace
}  // namespace muster
