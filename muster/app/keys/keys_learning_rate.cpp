#include "muster/app/keys/catalogue.h"
#include "muster/app/keys/keys.h"

namespace muster::inline app {

namespace {

template <class T>
Key learning_rate(const char* name, T LearningRateSection::*member) {
  return make_key(std::string("learning_rate.") + name, &Configuration::learning_rate, member);
}

}  // namespace

std::vector<Key> learning_rate_keys(const Kinds& kinds) {
  return {
      choice_key(kinds.rates.text(), kinds.rates.choice(), &Configuration::learning_rate,
                 &LearningRateSection::shape),
      learning_rate("peak", &LearningRateSection::peak)
          .says("The highest learning rate.")
          .above(0)
          .at_most(1e6),
      learning_rate("final", &LearningRateSection::final)
          .says("Where warm-up starts and where cosine and linear end. Never 0.")
          .above(0),
      learning_rate("warmup_steps", &LearningRateSection::warmup_steps)
          .says("Linear rise from final to peak; 0: none.")
          .in("steps")
          .at_least(0),
      learning_rate("milestones", &LearningRateSection::milestones)
          .says("step: where the learning rate is multiplied by decay.")
          .in("steps")
          .at_least(1),
      learning_rate("decay", &LearningRateSection::decay)
          .says("step: the factor at each milestone.")
          .above(0)
          .at_most(1),
      learning_rate("hold_from", &LearningRateSection::hold_from)
          .says("From this step on the learning rate stays what it is then, instead of decaying to the end.")
          .in("steps")
          .absent("it decays to the end")
          .at_least(1),
  };
}

}  // namespace muster::inline app
