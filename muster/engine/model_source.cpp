#include "muster/engine/model_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>

#include "muster/app/keys/catalogue.h"
#include "muster/app/options/gpt2_config.h"
#include "muster/base/error.h"
#include "muster/base/log.h"
#include "muster/checkpoint/foreign_file.h"
#include "muster/checkpoint/sharded_safetensors.h"
#include "muster/libtorch/stored_tensors.h"
#include "muster/task/models/gpt_layout.h"

namespace muster::inline engine {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* embedding_name = "transformer.wte.weight";
constexpr const char* positions_name = "transformer.wpe.weight";
constexpr const char* head_name = "lm_head.weight";

// The config.json of Transformers in the file's folder.
std::optional<std::string> config_beside(const std::string& file_path) {
  const fs::path config = fs::path(file_path).parent_path() / "config.json";
  std::error_code unreadable;  // reading the weights then reports why
  if (!fs::exists(config, unreadable) || !gives_model_type(config.string())) return std::nullopt;
  return config.string();
}

// The configuration that the shapes of the tensors give: all but the heads.
Gpt2Config shape_of(const std::string& path, const Safetensors& file, const FoundGpt& found) {
  Gpt2Config config;
  const StoredTensor& embedding = file.tensors.at(embedding_name);
  config.vocabulary = embedding.shape[0];
  config.width = embedding.shape[1];
  const auto positions = file.tensors.find(positions_name);
  if (positions == file.tensors.end() || positions->second.shape.size() != 2)
    throw DataError(fmt::format("'{}' has no tensor '{}' of two dimensions", path, positions_name));
  config.context = positions->second.shape[0];
  config.layers = 0;
  while (file.tensors.count(fmt::format("transformer.h.{}.ln_1.weight", config.layers)) > 0) ++config.layers;
  config.tied_head = !found.other_head;
  return config;
}

void require_same(const std::string& path, const std::string& key, int64_t in_config, int64_t in_file) {
  if (in_config != in_file)
    throw DataError(fmt::format("'{}': {} = {}, but the weights in the same folder have {}", path, key,
                                in_config, in_file));
}

void check_against_tensors(const std::string& config_path, const Gpt2Config& config,
                           const Gpt2Config& shape) {
  require_same(config_path, "vocab_size", config.vocabulary, shape.vocabulary);
  require_same(config_path, "n_positions", config.context, shape.context);
  require_same(config_path, "n_embd", config.width, shape.width);
  require_same(config_path, "n_layer", config.layers, shape.layers);
}

// Compares the metadata of a converted file with the config.json beside it.
void check_against_metadata(const Catalogue& catalogue, const std::string& config_path,
                            const Gpt2Config& config, const json& told) {
  if (!told.is_object() || !told.contains("gpt") || !told["gpt"].is_object()) return;
  const json& gpt = told["gpt"];
  const json model = told.value("/task/model"_json_pointer, json("gpt"));
  const ModelKind* const kind =
      model.is_string() ? catalogue.models().find(model.get<std::string>()) : nullptr;
  const bool own_shape = kind && kind->built_from_keys;
  if (own_shape && gpt.contains("heads") && gpt["heads"].is_number_integer())
    require_same(config_path, "n_head", config.heads, gpt["heads"].get<int64_t>());
}

bool says_tied(const json& told) {
  return !told.is_object() || told.value("/gpt/tied_head"_json_pointer, json(true)) != json(false);
}

// Drops a head that repeats the embedding. `tied`: what file and config.json say.
void settle_head(const std::string& path, Safetensors& file, const FoundGpt& found, bool tied) {
  if (tied && found.other_head)
    throw DataError(
        fmt::format("'{}' has a tensor '{}' that differs from '{}', but is said to be tied to "
                    "it; set tie_word_embeddings = false in config.json, or take the tensor out",
                    path, head_name, embedding_name));
  if (!tied && !found.other_head && !found.equal_head)
    throw DataError(
        fmt::format("'{}' has no tensor '{}', though its output is said not to be tied to the "
                    "embedding",
                    path, head_name));
  if (tied) file.tensors.erase(head_name);
}

std::string line_about(const std::string& path, const FoundGpt& found, const std::string& heads) {
  return fmt::format(
      "'{}': a GPT-2 whose linear weights are {}, which {} that are not square show; {} square ones follow{}"
      "{}; {}\n",
      path, name_of(found.layout), found.deciding, found.following,
      found.prefix ? "" : "; names without 'transformer.'",
      found.masks > 0 ? fmt::format("; {} masks left out", found.masks) : "", heads);
}

void take_gpt_form(const Catalogue& catalogue, const std::string& path, Safetensors& file) {
  std::optional<LinearLayout> declared;
  const auto layout = file.metadata.find("linear_layout");
  if (layout != file.metadata.end()) declared = linear_layout_named(path, layout->second);
  std::map<std::string, at::Tensor> tensors = tensors_of(file.tensors);
  const FoundGpt found = take_gpt(path, tensors, declared);
  file.tensors = stored(tensors);
  const auto stored = file.metadata.find("configuration");
  const bool own = stored != file.metadata.end();
  const json told = own ? json::parse(stored->second, nullptr, false) : json();
  const auto config_path =
      own && found.layout == LinearLayout::outputs_inputs ? std::nullopt : config_beside(path);
  std::optional<Gpt2Config> config;
  if (config_path) {
    config = read_gpt2_config(*config_path);
    check_against_tensors(*config_path, *config, shape_of(path, file, found));
    check_against_metadata(catalogue, *config_path, *config, told);
  }
  bool tied = own ? says_tied(told) : !found.other_head;
  if (config) tied = config->tied_head;
  settle_head(path, file, found, tied);
  if (!own && file.tensors.count(positions_name) > 0) {  // without: rotary, which a user has to name
    const Gpt2Config shape = config.value_or(shape_of(path, file, found));
    file.metadata["configuration"] = gpt2_configuration(shape, config.has_value());
    file.metadata["tokenizer"] = unknown_tokenizer;
  }
  if (!own || found.layout != LinearLayout::outputs_inputs)
    write_log(line_about(path, found,
                         config ? fmt::format("{} heads by '{}'", config->heads, *config_path)
                                : "the number of heads is not in it"));
}

bool is_auxiliary(const std::string& name) { return name.starts_with("aux1.") || name.starts_with("aux2."); }

void leave_out_auxiliary_classifiers(const std::string& path, Safetensors& file) {
  if (file.tensors.count("inception3a.branch1.conv.weight") == 0) return;
  const size_t left_out =
      std::erase_if(file.tensors, [](const auto& item) { return is_auxiliary(item.first); });
  if (left_out > 0)
    print_log(
        "'{}': the {} tensors of GoogLeNet's auxiliary classifiers are left out; inputs are not rescaled, as "
        "torchvision's own trained one needs it (transform_input)\n",
        path, left_out);
}

}  // namespace

std::string model_file_of(const std::string& path) {
  std::error_code unreadable;  // opening the file then reports why
  if (!fs::is_directory(path, unreadable)) return path;
  const fs::path folder(path);
  for (const char* name : {"model.safetensors", "model.safetensors.index.json"})
    if (fs::exists(folder / name, unreadable)) return (folder / name).string();
  for (const char* name : {"pytorch_model.bin", "model.pt", "checkpoint.pt", "ckpt.pt"})
    if (fs::exists(folder / name, unreadable))
      throw DataError(fmt::format("'{}' holds no model.safetensors, only {}: {}", path, name,
                                  foreign_format("PK\x03\x04", (folder / name).string())));
  throw DataError(
      fmt::format("'{}' is a folder without a model.safetensors; name a model's file, a run's "
                  "folder, or one with config.json and model.safetensors",
                  path));
}

Safetensors read_model_files(const std::string& path) {
  return is_safetensors_index(path) ? read_sharded_safetensors(path) : read_safetensors(path);
}

void take_own_form(const Catalogue& catalogue, const std::string& path, Safetensors& file) {
  if (holds_gpt(tensors_of(file.tensors))) {
    take_gpt_form(catalogue, path, file);
  } else {
    leave_out_auxiliary_classifiers(path, file);
    if (file.metadata.count("configuration") == 0)
      if (const auto config = config_beside(path)) read_gpt2_config(*config);  // names the model that it is
  }
  std::erase_if(file.names, [&](const std::string& name) { return file.tensors.count(name) == 0; });
  if (file.names.size() == file.tensors.size()) return;
  file.names.clear();  // other names than in the file
  for (const auto& item : file.tensors) file.names.push_back(item.first);
}

}  // namespace muster::inline engine
