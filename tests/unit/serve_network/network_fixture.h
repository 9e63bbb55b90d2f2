#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "muster/serve/training_client.h"
#include "muster/serve/training_server.h"
#include "tests/support/small_server.h"

namespace muster::test {

/// A server on this machine, with a coordinator of `elements` doubles.
class Network {
 public:
  explicit Network(int64_t elements = 8, TrainingServerOptions options = {},
                   CoordinatorOptions coordinator_options = {})
      : elements_(elements),
        messages_(std::nullopt, ElementType::float64, elements),
        coordinator_(small_coordinator(folder_.path(), coordinator_options, elements)) {
    options.identity = identity();
    server_ = std::make_unique<TrainingServer>(*coordinator_, messages_, messages_, options);
  }

  static Identity identity() { return {{"model.parameters", "8"}, {"run.seed", "1"}}; }
  std::string address() const { return "127.0.0.1:" + std::to_string(server_->port()); }
  Coordinator& coordinator() { return *coordinator_; }
  const VectorMessages& messages() const { return messages_; }
  void stop() { server_.reset(); }

  std::unique_ptr<TrainingClient> client(const Credentials& credentials = {}, double patience = 20) const {
    return client_of(address(), credentials, patience);
  }
  std::unique_ptr<TrainingClient> client_of(const std::string& where, const Credentials& credentials,
                                            double patience) const {
    return std::make_unique<TrainingClient>(
        messages_, messages_,
        TrainingClientOptions{.address = where, .credentials = credentials, .patience = patience});
  }

  /// A whole round of one worker; returns what it was told.
  PushAnswer round(TrainingClient& client, const JoinedServer& joined, double by) {
    const PulledRound pulled = client.pull(joined.membership);
    EXPECT_EQ(pulled.answer, GivenRound::Answer::round);
    const Contribution contribution = contribution_to(pulled.assignment, by, elements_);
    return client.push(joined.membership, contribution, contribution.pseudo_gradient, joined.part_bytes);
  }
  /// Somebody new does all that a good worker does.
  void expect_goes_on(const Credentials& credentials = {}) {
    const auto good = client(credentials);
    const JoinedServer joined = good->join("good", identity(), std::nullopt, std::nullopt);
    const int64_t before = coordinator_->present().version;
    EXPECT_EQ(round(*good, joined, 0.01).kind, PushAnswer::Kind::counted);
    EXPECT_EQ(coordinator_->present().version, before + 1);
    good->leave(joined.membership);
  }

  int64_t count(const std::string& what) {
    const auto counts = coordinator_->status().counts;
    const auto found = counts.find(what);
    return found == counts.end() ? 0 : found->second;
  }
  /// Waits until so many of `what` were counted.
  bool counts_up_to(const std::string& what, int64_t count_wanted) {
    for (int look = 0; look < 500; ++look) {
      if (count(what) >= count_wanted) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
  }

 private:
  TemporaryFolder folder_;
  int64_t elements_;
  VectorMessages messages_;
  std::unique_ptr<Coordinator> coordinator_;
  std::unique_ptr<TrainingServer> server_;
};

}  // namespace muster::test
