#include "muster/app/engine/build_text_task.h"

#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>

#include "muster/app/engine/build_task.h"
#include "muster/app/engine/word_meaning.h"
#include "muster/base/error.h"
#include "muster/task/markov_chain.h"
#include "muster/task/sentence_piece.h"
#include "muster/task/text_task.h"
#include "muster/task/token_file.h"

namespace muster {

namespace {

constexpr int64_t markov_symbols = 32, markov_windows = 16384, markov_test_windows = 2048;

TokenType token_type(const TextSection& text) {
  return meaning_of<TokenType>(
      {{"uint8", TokenType::uint8}, {"uint16", TokenType::uint16}, {"uint32", TokenType::uint32}},
      text.token_type);
}

std::string separator_of(const TextSection& text) {
  return unescaped_separator(text.document_separator.value_or("\\n\\n"));
}

// The end of a document in a file of tokens is a token.
int64_t separator_token(const TextSection& text) {
  const std::string& given = *text.document_separator;
  const bool digits =
      !given.empty() && given.size() <= 10 && given.find_first_not_of("0123456789") == given.npos;
  if (!digits)
    throw OptionError("text.document_separator", given,
                      "in a file of tokens it is the number of the token that ends a document");
  return std::stoll(given);
}

Text read_file_of_text(const Configuration& configuration, const std::string& path,
                       const Tokenizer* tokenizer) {
  const TextSection& text = configuration.text;
  if (configuration.task.name == "tokens") {
    require_tokens_of(path, token_type(text));
    Text read{tokens_of_file(path, token_type(text)), {}};
    if (text.document_separator && configuration.task.sampler == "by_document")
      read.documents = documents_ended_by(read.tokens, separator_token(text));
    return read;
  }
  return text.tokenizer == "bytes" ? read_bytes(path, separator_of(text))
                                   : read_text(path, *tokenizer, separator_of(text));
}

TextSets read_texts(const Configuration& configuration, const Tokenizer* tokenizer) {
  const TaskSection& task = configuration.task;
  invariant(task.data.has_value(), "an unresolved task");
  const Text text = read_file_of_text(configuration, *task.data, tokenizer);
  if (!task.test_data) return split_text(text, configuration.text.test_fraction);
  return {text, read_file_of_text(configuration, *task.test_data, tokenizer), std::nullopt};
}

// Training and held-out text are two walks through one chain.
TextSets make_markov_texts(const Configuration& configuration, int64_t vocabulary) {
  const uint64_t seed = data_seed(configuration);
  const int64_t context = configuration.text.context;
  const MarkovChain chain({vocabulary, configuration.text.markov_order, seed});
  const auto walk = [&](int64_t windows, uint64_t number) {
    const auto symbols = chain.text(windows * context + 1, {seed, Purpose::generated_data, number, 0});
    return Text{Tokens::of(symbols, vocabulary, "generated text"), {}};
  };
  // The windows of an epoch may begin up to one window later.
  return {walk(configuration.task.samples.value_or(markov_windows) + 1, 1),
          walk(configuration.task.test_samples.value_or(markov_test_windows), 2), chain.entropy()};
}

}  // namespace

std::unique_ptr<Tokenizer> build_tokenizer(const Configuration& configuration) {
  if (configuration.task.name == "markov" || configuration.task.name == "tokens") return nullptr;
  const std::string& name = configuration.text.tokenizer;
  return name == "bytes" ? byte_tokenizer() : load_sentence_piece(name);
}

int64_t vocabulary_of(const Configuration& configuration, const Tokenizer* tokenizer) {
  const auto& given = configuration.text.vocabulary;
  if (tokenizer == nullptr) return given.value_or(markov_symbols);
  const int64_t own = tokenizer->vocabulary();
  if (given && *given < own)
    throw OptionError("text.vocabulary", std::to_string(*given),
                      fmt::format("the tokenizer '{}' has {} tokens, more than the model knows; use at least "
                                  "that, or the tokenizer that belongs to the model",
                                  configuration.text.tokenizer, own));
  return given.value_or(own);
}

GptShape gpt_shape(const Configuration& configuration, int64_t vocabulary) {
  const GptSection& gpt = configuration.gpt;
  GptShape own;
  own.layers = gpt.layers;
  own.width = gpt.width;
  own.heads = gpt.heads;
  own.head_width = gpt.head_width.value_or(0);
  GptShape shape = meaning_of<GptShape>(
      {{"gpt", own}, {"gpt_20m", gpt_20m()}, {"gpt_60m", gpt_60m()}, {"gpt_150m", gpt_150m()}},
      *configuration.task.model);
  shape.vocabulary = vocabulary;
  shape.context = configuration.text.context;
  shape.positions = meaning_of<GptPositions>(
      {{"learned", GptPositions::learned}, {"rotary", GptPositions::rotary}}, gpt.positions);
  shape.tied_head = gpt.tied_head;
  shape.dropout = gpt.dropout;
  return shape;
}

std::unique_ptr<Task> build_text_task(const Configuration& configuration) {
  const auto tokenizer = build_tokenizer(configuration);
  TextTaskOptions options;
  options.model = gpt_shape(configuration, vocabulary_of(configuration, tokenizer.get()));
  options.model.validate();
  options.training = nn_options(configuration);
  options.samples = configuration.task.samples;
  options.test_samples = configuration.task.test_samples;
  TextSets texts = configuration.task.name == "markov"
                       ? make_markov_texts(configuration, options.model.vocabulary)
                       : read_texts(configuration, tokenizer.get());
  return std::make_unique<TextTask>(configuration.task.name, std::move(texts), options);
}

}  // namespace muster
