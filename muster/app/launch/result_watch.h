#pragma once

#include <optional>
#include <string>

#include "muster/app/launch/launch_outcome.h"
#include "muster/rendezvous/store_client.h"

namespace muster {

/// What a launcher knows of the result of the run that it has started: it asks the run's store.
class ResultWatch {
 public:
  explicit ResultWatch(StoreEndpoint store) : store_(std::move(store)) {}

  /// Asks. What cannot be learned stays as it was.
  void look();
  const ResultNews& news() const { return news_; }
  /// Where a result is owed and is not there: what is missing and how to get it; else empty.
  std::string missing() const;

 private:
  StoreEndpoint store_;
  ResultNews news_;
  std::string failure_;
  std::optional<std::string> folder_;
  std::optional<int64_t> checkpoint_;
};

}  // namespace muster
