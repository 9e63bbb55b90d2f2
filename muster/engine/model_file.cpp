#include "muster/engine/model_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "muster/app/keys/catalogue.h"
#include "muster/app/keys/configuration_json.h"
#include "muster/app/keys/key_role.h"
#include "muster/base/checksum.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/log.h"
#include "muster/base/version.h"
#include "muster/checkpoint/model_digest.h"
#include "muster/engine/build_text_task.h"
#include "muster/engine/model_source.h"
#include "muster/libtorch/stored_tensors.h"
#include "muster/task/models/gpt_layout.h"

namespace muster::inline engine {

namespace {

bool names(const std::vector<Setting>& given, std::string_view key) {
  return std::any_of(given.begin(), given.end(), [&](const Setting& setting) { return setting.name == key; });
}

std::optional<std::string> last_of(const std::vector<Setting>& settings, std::string_view key) {
  std::optional<std::string> text;
  for (const Setting& setting : settings)
    if (setting.name == key) text = setting.text;
  return text;
}

void append(std::vector<Setting>& settings, const nlohmann::json& told, const std::string& key) {
  const auto dot = key.find('.');
  const auto section = told.find(key.substr(0, dot));
  if (section == told.end() || !section->is_object()) return;
  const auto value = section->find(key.substr(dot + 1));
  if (value == section->end() || value->is_null()) return;
  std::string text = value->is_string() ? value->get<std::string>() : value->dump();
  if (value->is_array()) std::erase_if(text, [](char c) { return c == '[' || c == ']'; });
  settings.push_back({key, text});
}

std::string tokenizer_checksum(const std::string& path) {
  const std::string content = read_file(path);
  Checksum checksum;
  checksum.add(content.data(), content.size());
  return fmt::format("{:016x}", checksum.value());
}

bool has_tokenizer_file(const Catalogue& catalogue, const Configuration& configuration) {
  return catalogue.tasks().at(configuration.task.name).tokenized && configuration.text.tokenizer != "bytes";
}

// No tensor shows the number of a GPT's heads.
void require_heads(const Catalogue& catalogue, const std::vector<Setting>& settings) {
  const auto model = last_of(settings, "task.model");
  const ModelKind* const kind = catalogue.models().find(model.value_or("gpt"));
  const bool fixed = !kind || !kind->built_from_keys;
  if (fixed || last_of(settings, "gpt.heads")) return;
  throw OptionError(
      "gpt.heads", "(not given)",
      "the model's file does not hold the number of heads; put its config.json into the same folder, or "
      "give --gpt.heads");
}

/// The keys that a model's file stores, with their values.
nlohmann::json described(const Catalogue& catalogue, const Configuration& configuration) {
  const auto json = nlohmann::json::parse(configuration_json(catalogue, configuration));
  nlohmann::json told;
  for (const Key& key : catalogue.keys())
    if (role_of(key) != KeyRole::training)
      told[key.section()][key.short_name()] = json.at(key.section()).at(key.short_name());
  return told;
}

}  // namespace

nlohmann::json stored_configuration(const Safetensors& file) {
  const auto stored = file.metadata.find("configuration");
  if (stored == file.metadata.end()) return {};
  auto json = nlohmann::json::parse(stored->second, nullptr, false);
  return json.is_object() ? json : nlohmann::json();
}

std::map<std::string, std::string> model_metadata(const Catalogue& catalogue,
                                                  const Configuration& configuration) {
  nlohmann::json told = described(catalogue, configuration);
  std::map<std::string, std::string> metadata = {{"muster", std::string(version())}};
  if (catalogue.models().at(configuration.task.model).inputs == Inputs::text) {
    metadata["linear_layout"] = name_of(LinearLayout::outputs_inputs);
    const auto tokenizer = build_tokenizer(catalogue, configuration);
    told["text"]["vocabulary"] = vocabulary_of(configuration, tokenizer.get());
    if (has_tokenizer_file(catalogue, configuration))
      metadata["tokenizer"] = tokenizer_checksum(configuration.text.tokenizer);
  }
  metadata["configuration"] = told.dump();
  return with_digest(std::move(metadata));
}

Safetensors read_model(const Catalogue& catalogue, const std::string& path) {
  const std::string file_path = model_file_of(path);
  Safetensors file = read_model_files(file_path);
  take_own_form(catalogue, file_path, file);
  if (file.metadata.contains("muster") && !file.metadata.contains(std::string(digest_key)))
    print_log("'{}' was written by an older version and carries no digest: not checked for damage\n", path);
  return file;
}

std::vector<Setting> settings_of_network(const Catalogue& catalogue, const Safetensors& file) {
  std::vector<Setting> settings;
  const nlohmann::json told = stored_configuration(file);
  for (const Key& key : catalogue.keys())
    if (role_of(key) == KeyRole::network) append(settings, told, key.name);
  return settings;
}

std::vector<Setting> with_settings_of_file(const Catalogue& catalogue, const Safetensors& file,
                                           const std::vector<Setting>& given) {
  std::vector<Setting> settings = settings_of_network(catalogue, file);
  const nlohmann::json told = stored_configuration(file);
  for (const Key& key : catalogue.keys()) {
    const KeyRole role = role_of(key);
    const bool of_data = role == KeyRole::data || role == KeyRole::preprocessing;
    if (!of_data || names(given, "task.name")) continue;
    if (key.name != "task.test_data" || !names(given, "task.data")) append(settings, told, key.name);
  }
  settings.insert(settings.end(), given.begin(), given.end());
  if (holds_gpt(tensors_of(file.tensors))) require_heads(catalogue, settings);
  return settings;
}

namespace {

// A file of another program: the user's choice of a tokenizer is trusted, but bytes are 256 tokens.
void check_unknown_tokenizer(const std::string& path, const std::string& tokenizer,
                             const nlohmann::json& text) {
  if (tokenizer != "bytes" || text.value("vocabulary", 256) == 256) return;
  throw DataError(
      fmt::format("'{}' has a vocabulary of {} tokens, which are not bytes, and does not say how text "
                  "becomes tokens; turn the text "
                  "into numbers where the model comes from and give them as task.name = tokens, or name its "
                  "SentencePiece "
                  "model as text.tokenizer",
                  path, text["vocabulary"].dump()));
}

}  // namespace

void require_same_tokenizer(const Catalogue& catalogue, const std::string& path, const Safetensors& file,
                            const std::vector<Setting>& settings) {
  const std::string tokenizer = last_of(settings, "text.tokenizer").value_or("bytes");
  const auto task = last_of(settings, "task.name");
  const TaskKind* const kind = catalogue.tasks().find(task.value_or("text"));
  if (!kind || !kind->tokenized) return;
  const nlohmann::json told = stored_configuration(file);
  if (!told.is_object() || !told.contains("text")) return;
  const auto stored = file.metadata.find("tokenizer");
  const std::string trained = stored == file.metadata.end() ? "bytes" : stored->second;
  if (trained == unknown_tokenizer) return check_unknown_tokenizer(path, tokenizer, told["text"]);
  const std::string present = tokenizer == "bytes" ? "bytes" : tokenizer_checksum(tokenizer);
  if (trained == present) return;
  throw DataError(fmt::format(
      "'{}' was trained with {}, not with text.tokenizer = {}; give the tokenizer that "
      "belongs to the model",
      path, trained == "bytes" ? "bytes" : "another tokenizer (checksum " + trained + ")", tokenizer));
}

}  // namespace muster::inline engine
