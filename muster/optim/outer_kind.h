#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "muster/choice/kind.h"
#include "muster/choice/reading.h"
#include "muster/flat/element_type.h"

namespace muster::inline optim {

class OuterOptimizer;

/// Makes an outer optimizer for a vector of `size` elements of `type` from values as a user gave them. Throws
/// OptionError.
using MakeOuter =
    std::function<std::unique_ptr<OuterOptimizer>(const Values&, int64_t size, ElementType type)>;

/// Makes an Optimizer, whose constructor takes (Options, size, type).
template <class Optimizer, class Options, class Facts>
MakeOuter outer_maker(Reading<Options, Facts> reading) {
  return [reading = std::move(reading)](const Values& values, int64_t size, ElementType type) {
    return std::make_unique<Optimizer>(reading(values, {}), size, type);
  };
}

/// An outer optimizer as a user chooses it by name: what happens at a meeting.
struct OuterKind : Kind {
  bool plain_mean = false;  ///< the new model is the workers' mean: no gradient is formed, no step made
  /// Sets what was not given.
  std::function<void(Values&)> fill;
  /// Throws OptionError for values that do not go together.
  std::function<void(const Values&)> check;
  MakeOuter make;

  OuterKind&& says(std::string text) && { return about = std::move(text), std::move(*this); }
  OuterKind&& from(std::string source) && { return paper = std::move(source), std::move(*this); }
  OuterKind&& in(std::string sources) && { return files = std::move(sources), std::move(*this); }
  OuterKind&& takes_the_mean() && { return plain_mean = true, std::move(*this); }
  OuterKind&& made_by(MakeOuter maker) && { return make = std::move(maker), std::move(*this); }
};

/// An Optimizer, whose constructor takes (Options, size, type); `reading` fills the options, and their
/// validate() checks them.
template <class Optimizer, class Options>
OuterKind outer_optimizer(std::string name, Reading<Options> reading) {
  OuterKind kind;
  kind.name = std::move(name);
  kind.uses = reading.uses();
  kind.fill = [reading](Values& values) { reading.fill(values, {}); };
  kind.check = [reading](const Values& values) { reading(values, {}).validate(); };
  kind.make = outer_maker<Optimizer>(std::move(reading));
  return kind;
}

}  // namespace muster::inline optim
