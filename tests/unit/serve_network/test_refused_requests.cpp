// Requests that a server does not want: refused, counted, and the run goes on.
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstdlib>
#include <fstream>

#include "muster/base/error.h"
#include "muster/base/random.h"
#include "muster/rendezvous/sockets.h"
#include "muster/serve/training.grpc.pb.h"
#include "tests/unit/serve_network/network_fixture.h"

namespace muster {
namespace {

namespace wire = training::v1;
using test::contribution_to;
using test::Network;
using ::testing::HasSubstr;
using Kind = PushAnswer::Kind;

template <class Body>
std::string error_of(Body body) {
  try {
    body();
  } catch (const LostPeer& error) {
    return std::string("lost: ") + error.what();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::string join_error(Network& network, const Credentials& credentials,
                       Identity identity = Network::identity()) {
  return error_of([&] { network.client(credentials)->join("x", identity, std::nullopt, std::nullopt); });
}

int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  int64_t all = 0, resident = 0;
  file >> all >> resident;
  return resident * 4096;
}

std::unique_ptr<wire::Training::Stub> raw_stub(const Network& network) {
  return wire::Training::NewStub(grpc::CreateChannel(network.address(), grpc::InsecureChannelCredentials()));
}

TEST(AtTheDoor, AWrongTokenIsRefused) {
  Network network(8, {.credentials = {.token = "the right token!"}});
  EXPECT_THAT(join_error(network, {}), HasSubstr("serve.token_file"));
  EXPECT_THAT(join_error(network, {.token = "the wrong token!"}), HasSubstr("token"));
  EXPECT_EQ(network.count("wrong_token"), 2);
  network.expect_goes_on({.token = "the right token!"});
}

TEST(AtTheDoor, AnotherConfigurationIsNamed) {
  Network network;
  Identity other = Network::identity();
  other["run.seed"] = "2";
  EXPECT_THAT(join_error(network, {}, other), HasSubstr("run.seed is '1' there, '2' here"));
  other = Network::identity();
  other["model.parameters"] = "9";
  EXPECT_THAT(join_error(network, {}, other), HasSubstr("model.parameters"));
  EXPECT_EQ(network.count("other_configuration"), 2);
  network.expect_goes_on();
}

TEST(AtTheDoor, WhatIsNoNumberOrTooLargeOrWasCountedIsDropped) {
  Network network;
  const auto client = network.client();
  const JoinedServer joined = client->join("x", Network::identity(), std::nullopt, std::nullopt);
  EXPECT_EQ(network.round(*client, joined, std::nan("")).why, "not_finite");
  EXPECT_EQ(network.round(*client, joined, 1e9).why, "too_large");
  const PulledRound pulled = client->pull(joined.membership);
  const Contribution good = contribution_to(pulled.assignment, 1);
  const auto push = [&] {
    return client->push(joined.membership, good, good.pseudo_gradient, joined.part_bytes).kind;
  };
  EXPECT_EQ(push(), Kind::counted);
  const Vector after = network.coordinator().present().parameters;
  for (int again = 0; again < 5; ++again) EXPECT_EQ(push(), Kind::duplicate);
  EXPECT_TRUE(same_bits(network.coordinator().present().parameters, after));
  for (const char* what : {"not_finite", "too_large"}) EXPECT_EQ(network.count(what), 1) << what;
  EXPECT_EQ(network.count("duplicate"), 5);
  network.expect_goes_on();
}

TEST(AtTheDoor, AnotherModelsVectorTakesNoMemory) {
  Network network;
  const auto client = network.client();
  const JoinedServer joined = client->join("x", Network::identity(), std::nullopt, std::nullopt);
  const PulledRound pulled = client->pull(joined.membership);
  const auto stub = raw_stub(network);
  for (const uint64_t bytes : {uint64_t{0}, uint64_t{63}, uint64_t{1} << 50, UINT64_MAX}) {
    grpc::ClientContext context;
    wire::PushReply reply;
    const auto writer = stub->Push(&context, &reply);
    wire::PushPart part;
    part.mutable_head()->mutable_member()->set_worker(joined.membership.worker);
    part.mutable_head()->mutable_member()->set_session(joined.membership.session);
    part.mutable_head()->mutable_round()->set_sequence(pulled.assignment.sequence);
    part.mutable_head()->mutable_round()->set_shard(pulled.assignment.shard);
    part.mutable_head()->set_local_steps(1);
    part.mutable_head()->set_bytes(bytes);
    writer->Write(part);
    writer->WritesDone();
    EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  }
  EXPECT_EQ(network.count("wrong_size"), 4);
  network.expect_goes_on();
}

TEST(AtTheDoor, WhoReadsNothingIsGivenUp) {
  Network network(1 << 21, {.patience = 0.5});
  const auto client = network.client();
  const JoinedServer joined = client->join("x", Network::identity(), std::nullopt, std::nullopt);
  const auto stub = raw_stub(network);
  grpc::ClientContext context;
  wire::PullRequest request;
  request.mutable_member()->set_worker(joined.membership.worker);
  request.mutable_member()->set_session(joined.membership.session);
  const auto reader = stub->Pull(&context, request);
  EXPECT_TRUE(network.counts_up_to("reads_nothing", 1));
  context.TryCancel();
  reader->Finish();
  network.coordinator().leave(joined.membership);
}

TEST(AtTheDoor, WhoSendsNoMoreIsGivenUpAndItsPlaceIsFree) {
  Network network(1 << 18, {.most_pushes = 1, .patience = 0.5});
  const auto client = network.client();
  const JoinedServer joined = client->join("x", Network::identity(), std::nullopt, std::nullopt);
  const PulledRound pulled = client->pull(joined.membership);
  const auto stub = raw_stub(network);
  grpc::ClientContext context;
  wire::PushReply reply;
  const auto writer = stub->Push(&context, &reply);
  wire::PushPart part;
  part.mutable_head()->mutable_member()->set_worker(joined.membership.worker);
  part.mutable_head()->mutable_member()->set_session(joined.membership.session);
  part.mutable_head()->mutable_round()->set_sequence(pulled.assignment.sequence);
  part.mutable_head()->mutable_round()->set_shard(pulled.assignment.shard);
  part.mutable_head()->set_local_steps(1);
  part.mutable_head()->set_bytes(static_cast<uint64_t>(network.messages().bytes()));
  EXPECT_TRUE(writer->Write(part));
  EXPECT_TRUE(network.counts_up_to("sends_nothing", 1));
  writer->Finish();
  const Contribution good = contribution_to(pulled.assignment, 0.001, 1 << 18);
  EXPECT_EQ(client->push(joined.membership, good, good.pseudo_gradient, joined.part_bytes).kind,
            Kind::counted);
}

TEST(AtTheDoor, GarbageOnTheSocketIsNoConcern) {
  Network network;
  RandomStream random({.seed = 11});
  const int port = std::stoi(network.address().substr(network.address().rfind(':') + 1));
  for (int connection = 0; connection < 50; ++connection) {
    const FileDescriptor line =
        connect_to("127.0.0.1", port, std::chrono::steady_clock::now() + std::chrono::seconds(10));
    std::string bytes(1 + random.below(5000), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.next_u32());
    static_cast<void>(::send(line.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
  }
  network.expect_goes_on();
}

/// Messages that a stranger might send: garbage, and damaged versions of good ones.
class StrangeMessages {
 public:
  explicit StrangeMessages(const MemberIdentity& member) : random_({.seed = 12}) {
    wire::JoinRequest join;
    join.set_name("x");
    join.set_identity(to_text(Network::identity()));
    good_.push_back(join.SerializeAsString());
    wire::BeatRequest beat;
    beat.mutable_member()->set_worker(member.worker);
    beat.mutable_member()->set_session(member.session);
    beat.set_steps_done(3);
    good_.push_back(beat.SerializeAsString());
    wire::PushPart head;
    *head.mutable_head()->mutable_member() = beat.member();
    head.mutable_head()->set_bytes(64);
    head.mutable_head()->set_local_steps(4);
    good_.push_back(head.SerializeAsString());
    wire::PushPart data;
    data.set_data(std::string(64, 'x'));
    good_.push_back(data.SerializeAsString());
  }

  std::string next() {
    std::string bytes =
        random_.below(4) == 0 ? std::string(random_.below(200), '\0') : good_[random_.below(good_.size())];
    if (!bytes.empty() && bytes[0] == '\0')
      for (char& byte : bytes) byte = static_cast<char>(random_.next_u32());
    for (uint64_t changes = random_.below(4); changes > 0 && !bytes.empty(); --changes)
      bytes[random_.below(bytes.size())] = static_cast<char>(random_.next_u32());
    if (random_.below(4) == 0) bytes.resize(random_.below(bytes.size() + 1));
    return bytes;
  }
  std::string method() {
    constexpr const char* methods[] = {"Join", "Pull", "Push", "Beat", "Leave", "Status", "Nothing"};
    return std::string("/muster.training.v1.Training/") + methods[random_.below(std::size(methods))];
  }

 private:
  RandomStream random_;
  std::vector<std::string> good_;
};

void send(grpc::GenericStub& stub, const std::string& method, const std::string& bytes) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(1));
  grpc::CompletionQueue queue;
  const grpc::Slice slice(bytes);
  const auto call = stub.PrepareUnaryCall(&context, method, grpc::ByteBuffer(&slice, 1), &queue);
  call->StartCall();
  grpc::ByteBuffer reply;
  grpc::Status status;
  call->Finish(&reply, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
}

// MUSTER_TEST_MESSAGES=100000 for the long version.
TEST(AtTheDoor, StrangeMessagesAreRefusedInBoundedMemory) {
  Network network(8, {}, {.most_members = 1'000'000});
  const char* wanted = std::getenv("MUSTER_TEST_MESSAGES");
  const int messages = wanted == nullptr ? 1500 : std::atoi(wanted);
  const auto client = network.client();
  const JoinedServer joined = client->join("x", Network::identity(), std::nullopt, std::nullopt);
  StrangeMessages strange(joined.membership);
  grpc::GenericStub stub(grpc::CreateChannel(network.address(), grpc::InsecureChannelCredentials()));
  for (int message = 0; message < messages / 10; ++message) send(stub, strange.method(), strange.next());
  const int64_t before = resident_bytes();
  for (int message = messages / 10; message < messages; ++message)
    send(stub, strange.method(), strange.next());
  EXPECT_LT(resident_bytes() - before, 32 << 20);
  EXPECT_GT(network.count("malformed"), messages / 20);
  network.expect_goes_on();
}

}  // namespace
}  // namespace muster
