#pragma once

#include <optional>

#include "muster/app/keys/options.h"
#include "muster/comm/codec/codec_options.h"

namespace muster::inline app {

class Catalogue;

/// How outer gradients are to travel.
struct CodecChoice {
  CodecOptions codec;
  bool error_feedback = false;
};

/// What the section asks for; nothing for a codec that leaves numbers as they are. Throws OptionError, naming
/// the key, where the keys contradict each other.
std::optional<CodecChoice> codec_choice(const Catalogue& catalogue, const CommSection& comm);

}  // namespace muster::inline app
