#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/flat/arithmetic.h"
#include "muster/serve/ask_status.h"
#include "tests/support/vectors.h"
#include "tests/unit/serve_network/network_fixture.h"

namespace muster {
namespace {

using test::Network;
using ::testing::HasSubstr;

TEST(TrainingServer, CarriesVectorsBitForBit) {
  for (const int64_t elements : {1, 8, (1 << 17) - 1, 1 << 17, 1 << 18}) {
    Network network(elements);
    const auto client = network.client();
    const JoinedServer joined = client->join("x", Network::identity(), std::nullopt, std::nullopt);
    const PulledRound first = client->pull(joined.membership);
    ASSERT_EQ(first.answer, GivenRound::Answer::round);
    EXPECT_TRUE(same_bits(first.start, network.coordinator().present().parameters));
    Contribution contribution = test::contribution_to(first.assignment, 0, elements);
    contribution.pseudo_gradient.copy_from(test::counted(elements, ElementType::float64));
    divide(contribution.pseudo_gradient, static_cast<double>(3 * elements * elements));
    EXPECT_EQ(
        client->push(joined.membership, contribution, contribution.pseudo_gradient, joined.part_bytes).kind,
        PushAnswer::Kind::counted);
    const PulledRound second = client->pull(joined.membership);
    AsyncServer alone = test::small_server(elements);
    alone.apply(WorkerJoined{0, 0});
    alone.apply(WorkersReleased{0});
    alone.apply(contribution);
    EXPECT_TRUE(same_bits(second.start, alone.parameters()));
  }
}

TEST(TrainingServer, TellsHowItStands) {
  Network network;
  const auto client = network.client();
  const JoinedServer joined =
      client->join("somebody\x1b[2J", Network::identity(), std::nullopt, std::nullopt);
  network.round(*client, joined, 1);
  client->beat(joined.membership, 3);
  const ServerStatus status = ask_status(network.address(), {}, 10);
  EXPECT_EQ(status.version, 1);
  EXPECT_EQ(status.local_steps, 4);
  EXPECT_EQ(status.counts.at("counted"), 1);
  ASSERT_EQ(status.workers.size(), 1U);
  EXPECT_EQ(status.workers[0].name, "somebody?[2J");
  EXPECT_EQ(status.workers[0].counted, 1);
  EXPECT_EQ(status.workers[0].bytes_in, 64);
  EXPECT_THAT(status_text(status), HasSubstr("somebody"));
  EXPECT_THAT(status_json(status), HasSubstr("\"versions\":1"));
}

TEST(TrainingServer, AServerThatIsGoneIsALostPeer) {
  Network network;
  const std::string address = network.address();
  const auto client = network.client({}, 1);
  network.stop();
  EXPECT_THROW(client->join("x", Network::identity(), std::nullopt, std::nullopt), LostPeer);
  EXPECT_THROW(client->pull({0, 1}), LostPeer);
  EXPECT_THROW(ask_status(address, {}, 1), LostPeer);
}

TEST(TrainingServer, AnswersTheHealthService) {
  Network network;
  grpc::GenericStub stub(grpc::CreateChannel(network.address(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  const grpc::Slice nothing("");
  const auto call =
      stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", grpc::ByteBuffer(&nothing, 1), &queue);
  call->StartCall();
  grpc::ByteBuffer reply;
  grpc::Status status;
  call->Finish(&reply, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  grpc::Slice slice;
  ASSERT_TRUE(status.ok() && reply.DumpToSingleSlice(&slice).ok());
  EXPECT_EQ(std::string(slice.begin(), slice.end()), "\x08\x01");  // HealthCheckResponse{SERVING}
}

class Certificates : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* who : {"ours", "theirs"})
      if (std::system((std::string(MUSTER_SOURCE "/examples/tls/make_certificates.sh ") + (folder_ / who) +
                       " > /dev/null")
                          .c_str()) != 0)
        GTEST_SKIP() << "openssl is missing";
    server_ = credentials("ours", "server");
  }
  Credentials credentials(const std::string& set, const std::string& who) const {
    return server_credentials({.certificate = folder_ / (set + "/" + who + ".crt"),
                               .key = folder_ / (set + "/" + who + ".key"),
                               .authority = folder_ / (set + "/authority.crt")},
                              "localhost:0");
  }
  const test::TemporaryFolder folder_;
  Credentials server_;
};

TEST_F(Certificates, OfOneAuthorityKnowEachOther) {
  Network network(8, {.credentials = server_});
  network.expect_goes_on(credentials("ours", "worker"));
  EXPECT_EQ(ask_status(network.address(), credentials("ours", "worker"), 10).version, 1);
}

TEST_F(Certificates, AreAskedFor) {
  Network network(8, {.credentials = server_});
  Credentials without = credentials("ours", "worker");
  without.certificate = without.key = "";
  const auto client = network.client(without);
  try {
    client->join("x", Network::identity(), std::nullopt, std::nullopt);
    FAIL() << "a worker without a certificate got in";
  } catch (const LostPeer& problem) {
    FAIL() << "it was not told what is missing: " << problem.what();
  } catch (const Error& problem) {
    EXPECT_THAT(problem.what(), HasSubstr("serve.certificate"));
  }
  EXPECT_EQ(network.count("no_certificate"), 1);
  network.expect_goes_on(credentials("ours", "worker"));
}

TEST_F(Certificates, OfAnotherAuthorityOpenNothing) {
  Network network(8, {.credentials = server_});
  Credentials mixed = credentials("theirs", "worker");
  EXPECT_THROW(network.client(mixed, 3)->join("x", Network::identity(), std::nullopt, std::nullopt), Error);
  mixed.authority = server_.authority;  // trusts the server, which does not trust it
  EXPECT_THROW(network.client(mixed, 3)->join("x", Network::identity(), std::nullopt, std::nullopt), Error);
  EXPECT_THROW(network.client({}, 3)->join("x", Network::identity(), std::nullopt, std::nullopt), Error);
  EXPECT_EQ(network.coordinator().status().workers.size(), 0U);
  network.expect_goes_on(credentials("ours", "worker"));
}

}  // namespace
}  // namespace muster
