#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "muster/choice/kind.h"
#include "muster/choice/reading.h"
#include "muster/flat/element_type.h"

namespace muster::inline flat {
class Layout;
}  // namespace muster::inline flat

namespace muster::inline optim {

class InnerOptimizer;

/// Makes an inner optimizer for parameters of that layout (borrowed) from values as a user gave them. Throws
/// OptionError.
using MakeInner =
    std::function<std::unique_ptr<InnerOptimizer>(const Values&, const Layout& layout, ElementType type)>;

/// An inner optimizer as a user chooses it by name: what happens in a local step.
struct InnerKind : Kind {
  int moments = 0;      ///< vectors that it holds for each replica
  bool linear = false;  ///< a step is linear in the gradient: SGD, with or without momentum
  /// Throws OptionError for values that do not go together.
  std::function<void(const Values&)> check;
  MakeInner make;

  InnerKind&& says(std::string text) && { return about = std::move(text), std::move(*this); }
  InnerKind&& from(std::string source) && { return paper = std::move(source), std::move(*this); }
  InnerKind&& in(std::string sources) && { return files = std::move(sources), std::move(*this); }
  InnerKind&& holds(int vectors) && { return moments = vectors, std::move(*this); }
  InnerKind&& is_linear() && { return linear = true, std::move(*this); }
};

/// An Optimizer, whose constructor takes (Options, layout, type); `reading` fills the options, and their
/// validate() checks them.
template <class Optimizer, class Options>
InnerKind inner_optimizer(std::string name, Reading<Options> reading) {
  InnerKind kind;
  kind.name = std::move(name);
  kind.uses = reading.uses();
  kind.check = [reading](const Values& values) { reading(values, {}).validate(); };
  kind.make = [reading = std::move(reading)](const Values& values, const Layout& layout, ElementType type) {
    return std::make_unique<Optimizer>(reading(values, {}), layout, type);
  };
  return kind;
}

}  // namespace muster::inline optim
