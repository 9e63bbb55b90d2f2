#pragma once

#include "muster/app/keys/catalogue.h"

namespace muster {

/// The catalogue of the program, for tests that choose among what it has.
inline const Catalogue catalogue(built_in_kinds());

/// What a configuration says of a key, or the key's default.
inline Value value(const Configuration& configuration, std::string_view key) {
  return catalogue.find_key(key, "").get(configuration);
}

}  // namespace muster
