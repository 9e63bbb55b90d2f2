#include "muster/app/keys/catalogue.h"
#include "muster/app/keys/keys.h"

namespace muster::inline app {

namespace {

template <class T>
Key inner(const char* name, T InnerSection::*member) {
  return make_key(std::string("inner.") + name, &Configuration::inner, member);
}

}  // namespace

std::vector<Key> inner_keys(const Kinds& kinds) {
  std::vector<Key> keys = keys_of_family(kinds.inner_optimizers, &Configuration::inner,
                                         &InnerSection::optimizer, &InnerSection::values);
  keys.push_back(
      inner("clip", &InnerSection::clip)
          .says("Largest norm of a gradient; a larger one is scaled down. every_step clips the mean "
                "gradient, the other rules each worker's own.")
          .absent("no clipping")
          .above(0));
  keys.push_back(inner("at_meeting", &InnerSection::at_meeting)
                     .says("Momentum and moments at a meeting: each worker keeps its own, they are averaged, "
                           "or they are reset.")
                     .one_of({"keep", "average", "reset"}));
  return keys;
}

std::vector<Key> outer_keys(const Kinds& kinds) {
  return keys_of_family(kinds.outer_optimizers, &Configuration::outer, &OuterSection::optimizer,
                        &OuterSection::values);
}

}  // namespace muster::inline app
