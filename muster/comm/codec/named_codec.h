#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "muster/choice/kind.h"
#include "muster/choice/reading.h"
#include "muster/comm/codec/codec_options.h"

namespace muster::inline comm {

/// A codec as a user chooses it by name: how outer gradients are sent. A codec that is none of the built-in
/// ones brings its maker in CodecOptions::own.
struct NamedCodec : Kind {
  bool lossless = false;        ///< vectors are sent as they are: there is nothing to encode or feed back
  bool feeds_back = false;      ///< error feedback where the user does not say
  bool for_parameters = false;  ///< it loses so little that a server may send parameters by it
  bool planned = false;         ///< a planner tells what it would save
  std::string saves;  ///< "8 bits for each value": what a planner says for it; "": it is not advised
  std::string risk;   ///< and what it may cost
  std::optional<int> bits_in_study;  ///< of a coded gradient of `muster study teacher`; nothing: not there
  std::function<CodecOptions(const Values&)> options;

  NamedCodec&& says(std::string text) && { return about = std::move(text), std::move(*this); }
  NamedCodec&& from(std::string source) && { return paper = std::move(source), std::move(*this); }
  NamedCodec&& in(std::string sources) && { return files = std::move(sources), std::move(*this); }
  NamedCodec&& loses_nothing() && { return lossless = true, std::move(*this); }
  NamedCodec&& fed_back() && { return feeds_back = true, std::move(*this); }
  NamedCodec&& fit_for_parameters() && { return for_parameters = true, std::move(*this); }
  NamedCodec&& in_plans() && { return planned = true, std::move(*this); }
  NamedCodec&& advised(std::string because, std::string cost) && {
    return saves = std::move(because), risk = std::move(cost), std::move(*this);
  }
  NamedCodec&& studied_with(int bits) && { return bits_in_study = bits, std::move(*this); }
};

/// Whether an encoding's loss is added to the next one: a field of every codec.
Field error_feedback_field();

/// A codec whose options `reading` fills. `feeds_back`: whether error feedback is usual.
NamedCodec named_codec(std::string name, Reading<CodecOptions> reading, bool feeds_back = false);

}  // namespace muster::inline comm
