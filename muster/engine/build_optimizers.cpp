#include "muster/engine/build_optimizers.h"

#include "muster/app/keys/catalogue.h"
#include "muster/engine/word_meaning.h"
#include "muster/optim/inner_optimizer.h"

namespace muster::inline engine {

InnerOptimizerFactory build_inner(const Catalogue& catalogue, const InnerSection& inner) {
  const InnerKind& kind = catalogue.inner_optimizers().at(inner.optimizer);
  kind.check(inner.values);
  return [make = kind.make, values = inner.values](const Layout& layout, ElementType type) {
    return make(values, layout, type);
  };
}

MomentsAtMeeting build_at_meeting(const InnerSection& inner) {
  return meaning_of<MomentsAtMeeting>({{"keep", MomentsAtMeeting::keep},
                                       {"average", MomentsAtMeeting::average},
                                       {"reset", MomentsAtMeeting::reset}},
                                      inner.at_meeting);
}

std::unique_ptr<OuterOptimizer> build_outer(const Catalogue& catalogue, const OuterSection& outer,
                                            int64_t size, ElementType type) {
  const OuterKind& kind = catalogue.outer_optimizers().at(outer.optimizer);
  Values values = outer.values;
  kind.fill(values);
  return kind.make(values, size, type);
}

}  // namespace muster::inline engine
