#include <ATen/Functions.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "muster/app/options/flag_reader.h"
#include "muster/app/options/help.h"
#include "muster/base/error.h"
#include "muster/base/output.h"
#include "muster/choice/value.h"
#include "muster/engine/build_text_task.h"
#include "muster/engine/commands.h"
#include "muster/engine/described_model.h"
#include "muster/engine/model_file.h"
#include "muster/engine/text_model.h"
#include "muster/libtorch/kernel_threads.h"
#include "muster/task/models/text_generator.h"

namespace muster::inline engine {

namespace {

struct SampleRequest {
  std::string path;
  std::string prompt;
  int64_t tokens = 200;
  uint64_t seed = 1;
  ChoiceOptions choice;
  bool json = false;
};

int64_t whole_number(const Arguments& arguments, const char* flag, int64_t lowest, int64_t otherwise) {
  constexpr int64_t most = std::numeric_limits<int64_t>::max();
  return FlagReader(arguments).integer(flag, lowest, most).value_or(otherwise);
}

SampleRequest read_request(const Arguments& arguments) {
  if (arguments.positional.empty())
    throw OptionError("MODEL", "(none)", "name a model: muster sample MODEL.safetensors --prompt TEXT");
  SampleRequest request;
  request.path = arguments.positional[0];
  request.tokens = whole_number(arguments, "tokens", 1, request.tokens);
  request.seed = static_cast<uint64_t>(whole_number(arguments, "seed", 0, 1));
  request.choice.top_k = whole_number(arguments, "top_k", 0, 0);
  request.choice.temperature = FlagReader(arguments).real("temperature").value_or(request.choice.temperature);
  request.choice.validate();
  request.prompt = arguments.flag("prompt").value_or("");
  request.json = arguments.has("json");
  return request;
}

/// Tokens of a prompt; numbers between blanks or commas where there is no tokenizer. Never empty.
std::vector<int64_t> encode_prompt(const std::string& prompt, const Tokenizer* tokenizer,
                                   int64_t vocabulary) {
  std::vector<int64_t> tokens;
  if (tokenizer != nullptr) {
    for (const uint32_t token : tokenizer->encode(prompt)) tokens.push_back(token);
    if (tokens.empty()) tokens.push_back(tokenizer->end_of_document().value_or('\n'));
    return tokens;
  }
  std::string word;
  for (const char c : prompt + " ") {
    if (c != ' ' && c != ',') {
      word += c;
      continue;
    }
    if (word.empty()) continue;
    const auto token = std::get<int64_t>(parse_value(ValueType::integer, "--prompt", word));
    if (token < 0 || token >= vocabulary)
      throw OptionError("--prompt", word, fmt::format("tokens are 0 to {}", vocabulary - 1));
    tokens.push_back(token);
    word.clear();
  }
  if (tokens.empty()) tokens.push_back(0);
  return tokens;
}

/// Prints tokens as text, as far as they make whole characters, or as numbers.
class Speaker {
 public:
  Speaker(const Tokenizer* tokenizer, bool aloud) : tokenizer_(tokenizer), aloud_(aloud) {}

  void add(int64_t token) {
    tokens_.push_back(static_cast<uint32_t>(token));
    if (tokenizer_ == nullptr)
      say(fmt::format("{}{}", said_.empty() ? "" : " ", token));
    else
      say_new_part(tokenizer_->decode(tokens_), /*last=*/false);
  }
  /// Prints the rest, incomplete characters included.
  void end() {
    if (tokenizer_ != nullptr) say_new_part(tokenizer_->decode(tokens_), /*last=*/true);
    if (aloud_) print_output("\n");
  }
  const std::string& said() const { return said_; }
  const std::vector<uint32_t>& tokens() const { return tokens_; }

 private:
  // Tokenizers put U+FFFD where the bytes of a character have not all come yet.
  void say_new_part(const std::string& text, bool last) {
    if (!last && text.ends_with("\xEF\xBF\xBD")) return;
    if (text.size() > said_.size()) say(text.substr(said_.size()));
  }
  void say(const std::string& text) {
    said_ += text;
    if (!aloud_) return;
    write_output(terminal_ ? printable(text, "\n\t") : text);
    flush_output();
  }

  const Tokenizer* tokenizer_;
  bool aloud_;
  bool terminal_ = ::isatty(STDOUT_FILENO) == 1;
  std::vector<uint32_t> tokens_;
  std::string said_;
};

nlohmann::json json_of(const SampleRequest& request, const std::vector<int64_t>& prompt,
                       const Speaker& speaker) {
  return {{"model", request.path},
          {"prompt", request.prompt},
          {"prompt_tokens", prompt},
          {"text", speaker.said().substr(std::min(speaker.said().size(), request.prompt.size()))},
          {"tokens", std::vector<uint32_t>(speaker.tokens().begin() + static_cast<int64_t>(prompt.size()),
                                           speaker.tokens().end())},
          {"seed", request.seed},
          {"temperature", request.choice.temperature},
          {"top_k", request.choice.top_k}};
}

}  // namespace

int run_sample(const Catalogue& catalogue, const std::vector<std::string>& words) {
  const Arguments arguments = parse_arguments(catalogue, words, sample_help().flags, 1);
  const SampleRequest request = read_request(arguments);
  use_single_threaded_kernels();
  const Safetensors file = read_model(catalogue, request.path);
  const std::vector<Setting> settings = with_settings_of_file(catalogue, file, arguments.settings);
  require_described(catalogue, request.path, file, settings, arguments.settings, Described::network);
  require_same_tokenizer(catalogue, request.path, file, settings);
  const Configuration configuration = text_model_configuration(catalogue, request.path, settings);
  const auto tokenizer = build_tokenizer(catalogue, configuration);
  TextGenerator generator = load_generator(catalogue, request.path, file, configuration, tokenizer.get());
  const std::vector<int64_t> prompt = encode_prompt(request.prompt, tokenizer.get(), generator.vocabulary());
  Speaker speaker(tokenizer.get(), !request.json);
  for (const int64_t token : prompt) speaker.add(token);
  // Padding of the vocabulary is no token.
  const int64_t known = tokenizer ? tokenizer->vocabulary() : generator.vocabulary();
  at::Tensor logits = generator.read(prompt);
  for (int64_t i = 0; i < request.tokens; ++i) {
    RandomStream stream({request.seed, Purpose::text_sampling, static_cast<uint64_t>(i), 0});
    const int64_t token = choose_token(logits.narrow(0, 0, known), request.choice, stream);
    speaker.add(token);
    if (i + 1 < request.tokens) logits = generator.read({&token, 1});
  }
  speaker.end();
  if (request.json)
    write_output(
        json_of(request, prompt, speaker).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
        "\n");
  return 0;
}

}  // namespace muster::inline engine
