#pragma once

#include "muster/comm/codec/named_codec.h"

namespace muster::test {

/// A codec of one's own: a byte for the sign of each value, and one magnitude for all of them: their mean, or
/// their largest.
NamedCodec sign_codec();

}  // namespace muster::test
