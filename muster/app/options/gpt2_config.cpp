#include "muster/app/options/gpt2_config.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string_view>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/choice/value.h"

namespace muster::inline app {

namespace {

using nlohmann::json;

constexpr double norm_epsilon = 1e-5;

json read_object(const std::string& path) {
  json object = json::parse(read_file(path), nullptr, false);
  if (!object.is_object()) throw DataError(fmt::format("'{}' is no JSON object", path));
  return object;
}

/// Reads and checks the keys of one file; errors name the file, the key and the remedy.
class ConfigFile {
 public:
  explicit ConfigFile(const std::string& path) : path_(path), keys_(read_object(path)) {}

  /// The value of the first of `names` that the file has.
  int64_t whole(std::initializer_list<const char*> names, int64_t otherwise) const {
    for (const char* name : names) {
      const json* value = find(name);
      if (value == nullptr) continue;
      if (!value->is_number_integer() || *value < 1 || *value > 1'000'000'000)
        refuse(name, "must be a whole number, at least 1");
      return value->get<int64_t>();
    }
    return otherwise;
  }

  bool truth(const char* name, bool otherwise) const {
    const json* value = find(name);
    if (value == nullptr) return otherwise;
    if (!value->is_boolean()) refuse(name, "must be true or false");
    return value->get<bool>();
  }

  void require(bool holds, const char* name, const std::string& remedy) const {
    if (!holds) refuse(name, remedy);
  }

  /// Null where the key is missing or null.
  const json* find(const char* name) const {
    const auto found = keys_.find(name);
    return found == keys_.end() || found->is_null() ? nullptr : &*found;
  }

  std::string text(const char* name, const std::string& otherwise) const {
    const json* value = find(name);
    return value == nullptr ? otherwise : value->is_string() ? value->get<std::string>() : value->dump();
  }

 private:
  [[noreturn]] void refuse(const char* name, const std::string& remedy) const {
    throw DataError(fmt::format("'{}': {} = {}: {}", path_, name, shown(text(name, "(not given)")), remedy));
  }

  std::string path_;
  json keys_;
};

void check_arithmetic(const ConfigFile& file, const Gpt2Config& config) {
  constexpr std::array<std::string_view, 4> tanh_forms = {"gelu_new", "gelu_pytorch_tanh", "gelu_fast",
                                                          "gelu_accurate"};
  const std::string activation = file.text("activation_function", "gelu_new");
  bool known = false;
  for (const std::string_view form : tanh_forms) known = known || activation == form;
  file.require(known, "activation_function", "this program's GPT has GELU in its tanh form, gelu_new");
  const json* epsilon = file.find("layer_norm_epsilon");
  const bool usual =
      epsilon == nullptr || (epsilon->is_number() && std::abs(epsilon->get<double>() - norm_epsilon) < 1e-9);
  file.require(usual, "layer_norm_epsilon", "this program's GPT has 1e-05");
  file.require(file.whole({"n_inner"}, 4 * config.width) == 4 * config.width, "n_inner",
               fmt::format("this program's feed-forward is 4 x n_embd = {} wide", 4 * config.width));
  file.require(file.truth("scale_attn_weights", true), "scale_attn_weights",
               "this program's attention is scaled by 1 / sqrt(head width)");
  for (const char* name : {"scale_attn_by_inverse_layer_idx", "add_cross_attention"})
    file.require(!file.truth(name, false), name, "this program's GPT does not have it");
}

}  // namespace

bool gives_model_type(const std::string& path) { return read_object(path).contains("model_type"); }

Gpt2Config read_gpt2_config(const std::string& path) {
  const ConfigFile file(path);
  file.require(file.text("model_type", "") == "gpt2", "model_type",
               "of the models of Transformers this program reads gpt2");
  Gpt2Config config;
  config.vocabulary = file.whole({"vocab_size"}, config.vocabulary);
  config.context = file.whole({"n_positions", "max_position_embeddings"}, config.context);
  config.width = file.whole({"n_embd", "hidden_size"}, config.width);
  config.layers = file.whole({"n_layer", "num_hidden_layers"}, config.layers);
  config.heads = file.whole({"n_head", "num_attention_heads"}, config.heads);
  config.tied_head = file.truth("tie_word_embeddings", config.tied_head);
  file.require(config.width % config.heads == 0, "n_head",
               fmt::format("must divide n_embd = {}", config.width));
  check_arithmetic(file, config);
  return config;
}

std::string gpt2_config_json(const Gpt2Config& config) {
  const nlohmann::ordered_json object = {{"architectures", {"GPT2LMHeadModel"}},
                                         {"model_type", "gpt2"},
                                         {"vocab_size", config.vocabulary},
                                         {"n_positions", config.context},
                                         {"n_ctx", config.context},
                                         {"n_embd", config.width},
                                         {"n_layer", config.layers},
                                         {"n_head", config.heads},
                                         {"n_inner", nullptr},
                                         {"activation_function", "gelu_new"},
                                         {"layer_norm_epsilon", norm_epsilon},
                                         {"scale_attn_weights", true},
                                         {"scale_attn_by_inverse_layer_idx", false},
                                         {"tie_word_embeddings", config.tied_head},
                                         {"embd_pdrop", config.dropout},
                                         {"resid_pdrop", config.dropout},
                                         {"attn_pdrop", 0.0},
                                         {"initializer_range", 0.02},
                                         {"torch_dtype", "float32"},
                                         {"bos_token_id", nullptr},
                                         {"eos_token_id", nullptr}};
  return object.dump(2) + "\n";
}

std::string gpt2_configuration(const Gpt2Config& config, bool heads_known) {
  json told = {{"task", {{"name", "tokens"}, {"model", "gpt"}}},
               {"gpt",
                {{"layers", config.layers},
                 {"width", config.width},
                 {"positions", "learned"},
                 {"tied_head", config.tied_head}}},
               {"text", {{"vocabulary", config.vocabulary}, {"context", config.context}}}};
  if (heads_known) told["gpt"]["heads"] = config.heads;
  return told.dump();
}

}  // namespace muster::inline app
