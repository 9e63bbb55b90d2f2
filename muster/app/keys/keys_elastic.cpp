#include "muster/app/keys/keys.h"

namespace muster::inline app {

namespace {

template <class T>
Key elastic(const char* name, T ElasticSection::*member) {
  return make_key(std::string("elastic.") + name, &Configuration::elastic, member);
}

}  // namespace

std::vector<Key> elastic_keys() {
  return {
      elastic("min_workers", &ElasticSection::min_workers)
          .says("Fewest processes with which the run continues; with fewer than there are it survives the "
                "death of "
                "the others. Under muster launch give --min-workers there.")
          .in("processes")
          .absent("all of them: a death ends the run")
          .at_least(1),
      elastic("deadline", &ElasticSection::deadline)
          .says("A process that gives no sign of life for so long is dead (computing for long is not). Under "
                "muster "
                "launch give --deadline there.")
          .in("seconds")
          .at_least(0.1)
          .at_most(86400),
  };
}

}  // namespace muster::inline app
