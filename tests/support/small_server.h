#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "muster/asynchronous/async_server.h"
#include "muster/flat/arithmetic.h"
#include "muster/flat/vector.h"
#include "muster/optim/delayed_nesterov.h"
#include "muster/serve/coordinator.h"
#include "tests/support/temporary_folder.h"

namespace muster::test {

/// An asynchronous server of `elements` doubles, all zero at first, with delayed Nesterov of two workers.
inline AsyncServer small_server(int64_t elements = 8, double max_norm = 100,
                                Outliers outliers = Outliers::warn) {
  DispatchOptions dispatch;
  dispatch.local_steps.local_steps = 4;
  dispatch.sampling = {ShardRule::progress, {10, 10}};
  AsyncServerParts parts;
  parts.dispatcher = std::make_unique<Dispatcher>(dispatch);
  parts.weight = std::make_unique<PolynomialWeight>(StalenessWeightOptions{});
  parts.outer =
      std::make_unique<DelayedNesterov>(DelayedNesterovOptions{.delay = 2}, elements, ElementType::float64);
  return {std::move(parts),
          {.max_norm = max_norm, .outliers = outliers},
          flat_vector(elements, ElementType::float64)};
}

/// A coordinator around it, with its files in a folder.
inline std::unique_ptr<Coordinator> small_coordinator(const std::string& folder,
                                                      CoordinatorOptions options = {}, int64_t elements = 8,
                                                      bool keep_all = true,
                                                      Recovery recovery = Recovery::strict) {
  if (options.total_steps == 0) options.total_steps = 1'000'000;
  return std::make_unique<Coordinator>(small_server(elements),
                                       ServerFiles(folder, {{"run", "small"}}, keep_all, recovery), options);
}

inline std::chrono::steady_clock::time_point soon() {
  return std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
}

/// The contribution of a worker whose round has moved every parameter by `by`.
inline Contribution contribution_to(const Assignment& assignment, double by, int64_t elements = 8) {
  Contribution contribution;
  contribution.worker = assignment.worker;
  contribution.sequence = assignment.sequence;
  contribution.version = assignment.version;
  contribution.shard = assignment.shard;
  contribution.local_steps = assignment.local_steps;
  contribution.loss = 1;
  contribution.compute_seconds = 0.1;
  contribution.pseudo_gradient = uninitialised_vector(elements, ElementType::float64);
  fill(contribution.pseudo_gradient, by);
  return contribution;
}

}  // namespace muster::test
