#pragma once

#include <string>
#include <utility>

#include "muster/choice/family.h"
#include "muster/schedule/learning_rate.h"

namespace muster::inline schedule {

/// A shape of the learning rate after warm-up that a user chooses by name. Formulas: LearningRate.
struct RateKind : Kind {
  LearningRateShape shape = LearningRateShape::cosine;
  bool falls_to_the_end = false;  ///< smoothly: another length of the run gives other rates
  bool drops_at_milestones = false;

  RateKind(std::string word, LearningRateShape what) : shape(what) { name = std::move(word); }
  /// It stays at its peak.
  bool is_constant() const { return !falls_to_the_end && !drops_at_milestones; }
};

/// All of them, in the order of help and documents: learning_rate.shape.
Family<RateKind> built_in_rates();

}  // namespace muster::inline schedule
