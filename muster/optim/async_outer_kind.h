#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "muster/choice/kind.h"
#include "muster/choice/reading.h"
#include "muster/optim/outer_kind.h"

namespace muster::inline optim {

/// What the outer step of an asynchronous server may need to know of a run.
struct AsyncFacts {
  int64_t workers = 1;
};

template <class Options>
using AsyncReading = Reading<Options, AsyncFacts>;

/// What a server does with a contribution, as a user chooses it by name.
struct AsyncOuterKind : Kind {
  /// Makes a whole step with each contribution: the usual weight of one is then 1 / sqrt(K) for K workers.
  bool per_contribution = false;
  /// Sets what was not given.
  std::function<void(Values&, const AsyncFacts&)> fill;
  /// Throws OptionError for values that do not go together, UnusedOption for one that has no effect. Empty:
  /// nothing to check.
  std::function<void(const Values&)> check;
  /// The check of values that are all filled in.
  std::function<void(const Values&)> check_filled;
  MakeOuter make;  ///< of filled values

  AsyncOuterKind&& says(std::string text) && { return about = std::move(text), std::move(*this); }
  AsyncOuterKind&& from(std::string source) && { return paper = std::move(source), std::move(*this); }
  AsyncOuterKind&& in(std::string sources) && { return files = std::move(sources), std::move(*this); }
  AsyncOuterKind&& steps_per_contribution() && { return per_contribution = true, std::move(*this); }
  AsyncOuterKind&& made_by(MakeOuter maker) && { return make = std::move(maker), std::move(*this); }
};

/// An Optimizer, whose constructor takes (Options, size, type); `reading` fills the options.
template <class Optimizer, class Options>
AsyncOuterKind async_outer_optimizer(std::string name, AsyncReading<Options> reading) {
  AsyncOuterKind kind;
  kind.name = std::move(name);
  kind.uses = reading.uses();
  kind.fill = [reading](Values& values, const AsyncFacts& facts) { reading.fill(values, facts); };
  kind.make = outer_maker<Optimizer>(std::move(reading));
  return kind;
}

}  // namespace muster::inline optim
