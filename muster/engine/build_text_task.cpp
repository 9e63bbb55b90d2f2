#include "muster/engine/build_text_task.h"

#include <fmt/format.h>

#include <functional>
#include <string>
#include <utility>

#include "muster/app/keys/catalogue.h"
#include "muster/base/error.h"
#include "muster/engine/build_task.h"
#include "muster/engine/word_meaning.h"
#include "muster/task/text/markov_chain.h"
#include "muster/task/text/sentence_piece.h"
#include "muster/task/text/text_task.h"
#include "muster/task/text/token_file.h"

namespace muster::inline engine {

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

// In a file of tokens the separator of documents is a token's number.
int64_t separator_token(const TextSection& text) {
  const std::string& given = *text.document_separator;
  const bool digits =
      !given.empty() && given.size() <= 10 && given.find_first_not_of("0123456789") == given.npos;
  if (!digits)
    throw OptionError("text.document_separator", given,
                      "in a file of tokens it is the number of the token that ends a document");
  return std::stoll(given);
}

using ReadText = std::function<Text(const std::string& path)>;

Text read_tokens(const TaskRequest& request, const std::string& path) {
  const TextSection& text = request.configuration.text;
  const SamplerKind& sampler = request.catalogue.samplers().at(request.configuration.task.sampler);
  require_tokens_of(path, token_type(text));
  Text read{tokens_of_file(path, token_type(text)), {}};
  if (text.document_separator && sampler.needs_documents)
    read.documents = documents_ended_by(read.tokens, separator_token(text));
  return read;
}

Text read_characters(const TextSection& text, const std::string& path, const Tokenizer& tokenizer) {
  return text.tokenizer == "bytes" ? read_bytes(path, separator_of(text))
                                   : read_text(path, tokenizer, separator_of(text));
}

TextSets read_texts(const Configuration& configuration, const ReadText& read) {
  const TaskSection& task = configuration.task;
  invariant(task.data.has_value(), "an unresolved task");
  const Text text = read(*task.data);
  if (!task.test_data) return split_text(text, configuration.text.test_fraction);
  return {text, read(*task.test_data), std::nullopt};
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

TextTaskOptions text_task_options(const TaskRequest& request, const Tokenizer* tokenizer) {
  const Configuration& configuration = request.configuration;
  TextTaskOptions options;
  options.model = gpt_shape(request.catalogue, configuration, vocabulary_of(configuration, tokenizer));
  options.model.validate();
  options.training = nn_options(configuration);
  options.samples = configuration.task.samples;
  options.test_samples = configuration.task.test_samples;
  return options;
}

std::unique_ptr<Task> task_of(const TaskRequest& request, TextSets texts, const TextTaskOptions& options) {
  return std::make_unique<TextTask>(request.configuration.task.name, std::move(texts), options);
}

}  // namespace

std::unique_ptr<Tokenizer> build_tokenizer(const Catalogue& catalogue, const Configuration& configuration) {
  if (!catalogue.tasks().at(configuration.task.name).tokenized) return nullptr;
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

GptShape gpt_shape(const Catalogue& catalogue, const Configuration& configuration, int64_t vocabulary) {
  const GptSection& gpt = configuration.gpt;
  const ModelKind& kind = catalogue.models().at(configuration.task.model);
  invariant(kind.shape != nullptr, "a task of text with a network for images");
  GptShape shape = kind.shape();
  if (kind.built_from_keys) {
    shape.layers = gpt.layers;
    shape.width = gpt.width;
    shape.heads = gpt.heads;
    shape.head_width = gpt.head_width.value_or(0);
  }
  shape.vocabulary = vocabulary;
  shape.context = configuration.text.context;
  shape.positions = meaning_of<GptPositions>(
      {{"learned", GptPositions::learned}, {"rotary", GptPositions::rotary}}, gpt.positions);
  shape.tied_head = gpt.tied_head;
  shape.dropout = gpt.dropout;
  return shape;
}

std::unique_ptr<Task> make_markov_task(const TaskRequest& request) {
  const TextTaskOptions options = text_task_options(request, nullptr);
  return task_of(request, make_markov_texts(request.configuration, options.model.vocabulary), options);
}

std::unique_ptr<Task> make_text_task(const TaskRequest& request) {
  const auto tokenizer = build_tokenizer(request.catalogue, request.configuration);
  const TextTaskOptions options = text_task_options(request, tokenizer.get());
  const ReadText read = [&](const std::string& path) {
    return read_characters(request.configuration.text, path, *tokenizer);
  };
  return task_of(request, read_texts(request.configuration, read), options);
}

std::unique_ptr<Task> make_tokens_task(const TaskRequest& request) {
  const TextTaskOptions options = text_task_options(request, nullptr);
  const ReadText read = [&](const std::string& path) { return read_tokens(request, path); };
  return task_of(request, read_texts(request.configuration, read), options);
}

}  // namespace muster::inline engine
