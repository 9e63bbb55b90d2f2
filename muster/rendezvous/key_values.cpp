#include "muster/rendezvous/key_values.h"

namespace muster::inline rendezvous {

KeyValues::~KeyValues() = default;

}  // namespace muster::inline rendezvous
