#include "muster/app/keys/codec_choice.h"

#include "muster/app/keys/catalogue.h"
#include "muster/choice/unused_option.h"

namespace muster::inline app {

std::optional<CodecChoice> codec_choice(const Catalogue& catalogue, const CommSection& comm) {
  const NamedCodec& codec = catalogue.codecs().at(comm.codec);
  const Values& values = comm.codec_values;
  catalogue.codecs().check_used(codec, values);
  CodecChoice choice{codec.options(values), values.given<bool>("error_feedback").value_or(codec.feeds_back)};
  choice.codec.validate();
  if (choice.error_feedback) choice.codec.validate_for_error_feedback();
  if (!codec.lossless) return choice;
  require_used(
      !choice.error_feedback, "comm.error_feedback", true,
      "has nothing to feed back with comm.codec = " + codec.name + ", which loses nothing; leave it out");
  return std::nullopt;
}

}  // namespace muster::inline app
