#include "muster/app/keys/catalogue.h"
#include "muster/app/keys/keys.h"

namespace muster::inline app {

std::vector<Key> schedule_keys(const Kinds& kinds) {
  return keys_of_family(kinds.rules, &Configuration::schedule, &ScheduleSection::rule,
                        &ScheduleSection::values);
}

}  // namespace muster::inline app
