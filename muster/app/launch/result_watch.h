#pragma once

#include <optional>
#include <string>

#include "muster/app/launch/launch_outcome.h"
#include "muster/rendezvous/store_client.h"

namespace muster::inline app {

/// The state of a launched run's result, which the launcher asks of the run's store.
class ResultWatch {
 public:
  explicit ResultWatch(StoreEndpoint store) : store_(std::move(store)) {}

  /// Asks the store; without an answer the last state remains.
  void look();
  const ResultNews& news() const { return news_; }
  /// What is missing and how to get it, when a result is due and not durable; else empty.
  std::string missing() const;

 private:
  StoreEndpoint store_;
  ResultNews news_;
  std::string failure_;
  std::optional<std::string> folder_;
  std::optional<int64_t> checkpoint_;
};

}  // namespace muster::inline app
