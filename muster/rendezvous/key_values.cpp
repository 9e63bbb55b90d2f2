#include "muster/rendezvous/key_values.h"

namespace muster {

KeyValues::~KeyValues() = default;

}  // namespace muster
