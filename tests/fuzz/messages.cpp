// Everything that a server of asynchronous training decodes from others or from its disk, fed with damaged
// versions of good messages and with garbage: each must be understood or be an Error, and nothing else. The
// inputs follow from the seed. To be run with sanitizers.
#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "muster/asynchronous/server_event.h"
#include "muster/base/crc32c.h"
#include "muster/base/error.h"
#include "muster/base/random.h"
#include "muster/base/stopwatch.h"
#include "muster/flat/state_bytes.h"
#include "muster/flat/vector.h"
#include "muster/rendezvous/identity.h"
#include "muster/serve/parts.h"
#include "muster/serve/training.pb.h"
#include "muster/serve/vector_messages.h"
#include "tests/fuzz/damaged_bytes.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

namespace wire = training::v1;
constexpr int64_t elements = 300;

/// One decoder with good inputs to damage.
struct Target {
  std::string name;
  std::vector<std::string> good;
  std::function<void(const std::string&)> decode;
  int64_t understood = 0, refused = 0;
};

Vector some_vector() { return test::noise(elements, ElementType::float32, 8); }

/// As the server takes a contribution: heads and parts, each behind its length of two bytes.
void take_push(const std::string& bytes) {
  std::string memory(1000, '\0');
  PartsReceiver receiver(memory.data(), 1000, 300);
  wire::PushPart part;
  wire::PushHead head;
  for (size_t at = 0; at + 2 <= bytes.size();) {
    const size_t length = static_cast<uint8_t>(bytes[at]) + 256U * static_cast<uint8_t>(bytes[at + 1]);
    const std::string message = bytes.substr(at + 2, length);
    at += 2 + length;
    if (!part.ParseFromString(message)) throw DataError("no message");
    if (part.has_head())
      head = part.head();
    else
      receiver.take(part.data());
  }
  receiver.finish(head.checksum());
}

std::string good_push() {
  wire::PushPart head;
  head.mutable_head()->mutable_member()->set_session(77);
  head.mutable_head()->mutable_round()->set_sequence(5);
  head.mutable_head()->set_loss(1.5);
  head.mutable_head()->set_bytes(1000);
  head.mutable_head()->set_checksum(crc32c(std::string(1000, 'v')));
  std::string all;
  const auto add = [&all](const wire::PushPart& part) {
    const std::string message = part.SerializeAsString();
    all += static_cast<char>(message.size() & 255);
    all += static_cast<char>(message.size() >> 8);
    all += message;
  };
  add(head);
  for (const size_t size : {300, 300, 300, 100}) {
    wire::PushPart part;
    part.set_data(std::string(size, 'v'));
    add(part);
  }
  return all;
}

Target messages() { return {"protobuf messages and parts", {good_push()}, take_push}; }

Target identities() {
  return {"identities",
          {to_text({{"a", "1"}, {"b", "two\nlines"}, {"c=d", "x\\y"}})},
          [](const std::string& bytes) { identity_from_text(bytes); }};
}

Target states() {
  State state;
  state.numbers.set("a", int64_t{3});
  state.numbers.set("b", 0.5);
  state.tensors["x"] = some_vector();
  std::string good;
  const StateBytes bytes = state_bytes(state);
  for (const auto part : bytes.parts()) good += part;
  return {"states", {good}, [](const std::string& damaged) { state_from_bytes(damaged); }};
}

Target events() {
  std::vector<std::string> good;
  Contribution contribution;
  contribution.pseudo_gradient = some_vector();
  const ServerEvent all[] = {WorkerJoined{1, 2.0, 0.5}, WorkerLeft{1, 3.0}, contribution,
                             ContributionDropped{}, WorkersReleased{1.0}};
  for (const ServerEvent& event : all) {
    const EncodedEvent encoded = encode(event);
    good.push_back(std::string(1, static_cast<char>(encoded.head.size())) + encoded.head +
                   std::string(encoded.body_bytes()));
  }
  return {"events", good, [](const std::string& bytes) {
            const size_t head = bytes.empty() ? 0 : static_cast<uint8_t>(bytes[0]);
            const std::string_view rest = std::string_view(bytes).substr(bytes.empty() ? 0 : 1);
            body_size(rest.substr(0, head));
            decode_event(rest.substr(0, head), rest.substr(std::min(head, rest.size())));
          }};
}

Target codec(CodecKind kind, const char* name) {
  CodecOptions options{.kind = kind};
  const auto all = std::make_shared<VectorMessages>(options, ElementType::float32, elements);
  const Vector encoded = all->encode(some_vector(), {});
  return {name, {std::string(bytes_of(encoded))}, [all](const std::string& bytes) {
            // The server takes only messages of the right length.
            const Vector message = all->room();
            message.fill_zero();
            std::memcpy(message.host(), bytes.data(), std::min(bytes.size(), message.host_bytes().size()));
            all->decode(message);
          }};
}

std::string damaged(const Target& target, RandomStream& random) {
  const auto overwrite = [&](std::string& bytes, uint64_t at, uint64_t count) {
    bytes.replace(at, count, std::string(count, random.below(2) == 0 ? '\xFF' : '\0'));
  };
  return test::damaged_bytes(random, target.good, 400, overwrite);
}

int fuzz(double seconds, uint64_t seed) {
  std::vector<Target> targets = {messages(),
                                 identities(),
                                 states(),
                                 events(),
                                 codec(CodecKind::fp16, "fp16"),
                                 codec(CodecKind::int8, "int8"),
                                 codec(CodecKind::qsgd4, "qsgd4"),
                                 codec(CodecKind::top_k, "top_k")};
  for (Target& target : targets)
    for (const auto& good : target.good) target.decode(good);
  RandomStream random({.seed = seed});
  for (const Stopwatch watch; watch.seconds() < seconds;)
    for (Target& target : targets)
      for (int round = 0; round < 64; ++round) {
        const std::string input = damaged(target, random);
        try {
          target.decode(input);
          ++target.understood;
        } catch (const Error&) {
          ++target.refused;
        }
      }
  for (const Target& target : targets)
    fmt::print("{:30} understood {:>10}, refused {:>10}\n", target.name, target.understood, target.refused);
  return 0;
}

}  // namespace
}  // namespace muster

int main(int argc, char** argv) {
  return muster::fuzz(argc > 1 ? std::atof(argv[1]) : 2,
                      argc > 2 ? static_cast<uint64_t>(std::atoll(argv[2])) : 1);
}
