#include "muster/app/options/text_contradictions.h"

#include <fmt/format.h>

#include "muster/base/error.h"
#include "muster/choice/unused_option.h"
#include "muster/choice/value.h"

namespace muster::inline app {

namespace {

void require(bool holds, std::string_view key, const Value& value, std::string_view remedy) {
  if (holds) return;
  const std::string text = format_plain(value);
  throw OptionError(key, text.empty() ? "(not given)" : shown(text), remedy);
}

// Models with a name of their own have the shape of their paper.
void check_named_shape(const std::string& model, const GptSection& gpt) {
  const GptSection usual;
  const std::string remedy =
      fmt::format("task.model = {} has a fixed shape; leave it out, or set task.model gpt", model);
  require_used(gpt.layers == usual.layers, "gpt.layers", gpt.layers, remedy);
  require_used(gpt.width == usual.width, "gpt.width", gpt.width, remedy);
  require_used(gpt.heads == usual.heads, "gpt.heads", gpt.heads, remedy);
  require_used(!gpt.head_width, "gpt.head_width", gpt.head_width ? Value(*gpt.head_width) : Value(), remedy);
}

void check_vocabulary(const TaskKind& task, const TextSection& text) {
  const Value vocabulary = text.vocabulary ? Value(*text.vocabulary) : Value();
  require(!task.needs_vocabulary || text.vocabulary, "text.vocabulary", vocabulary,
          "a file of tokens does not contain it; give the number of different tokens");
  const bool bytes = task.tokenized && text.tokenizer == "bytes";
  require(!bytes || !text.vocabulary || *text.vocabulary >= 256, "text.vocabulary", vocabulary,
          "there are 256 bytes; leave it out or use 256 or more");
  if (!task.needs_vocabulary || !text.vocabulary || text.token_type == "uint32") return;
  const int64_t held = text.token_type == "uint8" ? 256 : 65536;
  require(*text.vocabulary <= held, "text.vocabulary", vocabulary,
          fmt::format("text.token_type = {} holds {} different tokens; use at most that, or another type",
                      text.token_type, held));
}

}  // namespace

void check_gpt(const GptSection& gpt, const ModelKind& model) {
  if (!model.built_from_keys) return check_named_shape(model.name, gpt);
  require(gpt.head_width || gpt.width % gpt.heads == 0, "gpt.width", gpt.width,
          fmt::format("is not divisible by gpt.heads = {}; use a multiple of it, or give gpt.head_width",
                      gpt.heads));
  const int64_t head_width = gpt.head_width.value_or(gpt.width / gpt.heads);
  require(gpt.positions != "rotary" || head_width % 2 == 0, "gpt.head_width", head_width,
          "rotary positions turn pairs of components; it must be even (without it: gpt.width / gpt.heads)");
}

void check_text(const Configuration& configuration, const TaskKind& task, const ModelKind& model) {
  check_gpt(configuration.gpt, model);
  check_vocabulary(task, configuration.text);
  require_used(
      task.tokenized || configuration.text.tokenizer == "bytes", "text.tokenizer",
      configuration.text.tokenizer,
      fmt::format("task.name = {} needs no tokenizer; leave it out, or use task.name text", task.name));
}

}  // namespace muster::inline app
