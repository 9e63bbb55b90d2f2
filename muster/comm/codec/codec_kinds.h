#pragma once

#include "muster/choice/family.h"
#include "muster/comm/codec/named_codec.h"

namespace muster::inline comm {

/// All codecs, in the order of help and documents: comm.codec.
Family<NamedCodec> built_in_codecs();

}  // namespace muster::inline comm
