#include "muster/app/engine/model_file.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "muster/app/configuration_json.h"
#include "muster/app/engine/build_text_task.h"
#include "muster/app/model_names.h"
#include "muster/base/checksum.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/version.h"

namespace muster {

namespace {

const std::vector<std::string>& network_keys() {
  static const std::vector<std::string> keys = {
      "task.model", "task.norm",      "task.hidden",   "image.activation", "gpt.layers",      "gpt.width",
      "gpt.heads",  "gpt.head_width", "gpt.positions", "text.tokenizer",   "text.vocabulary", "text.context"};
  return keys;
}

const std::vector<std::string>& data_keys() {
  static const std::vector<std::string> keys = {
      "task.name",         "task.data",  "task.test_data",  "task.classes",       "task.samples",
      "task.test_samples", "image.size", "text.token_type", "text.test_fraction", "text.document_separator",
      "text.markov_order", "run.seed"};
  return keys;
}

bool names(const std::vector<Setting>& given, std::string_view key) {
  return std::any_of(given.begin(), given.end(), [&](const Setting& setting) { return setting.name == key; });
}

std::optional<std::string> last_of(const std::vector<Setting>& settings, std::string_view key) {
  std::optional<std::string> text;
  for (const Setting& setting : settings)
    if (setting.name == key) text = setting.text;
  return text;
}

nlohmann::json stored_configuration(const Safetensors& file) {
  const auto stored = file.metadata.find("configuration");
  if (stored == file.metadata.end()) return {};
  return nlohmann::json::parse(stored->second, nullptr, false);
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

bool has_tokenizer_file(const Configuration& configuration) {
  return configuration.task.name == "text" && configuration.text.tokenizer != "bytes";
}

bool repeats(const Safetensors& file, const std::string& name, const at::Tensor& tensor) {
  if (name.ends_with(".attn.bias") && tensor.dim() == 4) return true;
  const auto embedding = file.tensors.find("transformer.wte.weight");
  return name == "lm_head.weight" && embedding != file.tensors.end() && at::equal(tensor, embedding->second);
}

}  // namespace

std::map<std::string, std::string> model_metadata(const Configuration& configuration) {
  const auto json = nlohmann::json::parse(configuration_json(configuration));
  nlohmann::json told = {{"task", json["task"]}, {"run", {{"seed", json["run"]["seed"]}}}};
  std::map<std::string, std::string> metadata = {{"muster", std::string(version())}};
  if (is_text_model(*configuration.task.model)) {
    told["text"] = json["text"];
    told["gpt"] = json["gpt"];
    const auto tokenizer = build_tokenizer(configuration);
    told["text"]["vocabulary"] = vocabulary_of(configuration, tokenizer.get());
    if (has_tokenizer_file(configuration))
      metadata["tokenizer"] = tokenizer_checksum(configuration.text.tokenizer);
  } else {
    told["image"] = json["image"];
  }
  metadata["configuration"] = told.dump();
  return metadata;
}

Safetensors read_model(const std::string& path) {
  Safetensors file = read_safetensors(path);
  std::vector<std::string> left_out;
  for (const auto& [name, tensor] : file.tensors)
    if (repeats(file, name, tensor)) left_out.push_back(name);
  for (const std::string& name : left_out) {
    file.tensors.erase(name);
    std::erase(file.names, name);
  }
  return file;
}

std::vector<Setting> with_settings_of_file(const Safetensors& file, const std::vector<Setting>& given) {
  std::vector<Setting> settings;
  const nlohmann::json told = stored_configuration(file);
  if (told.is_object()) {
    for (const std::string& key : network_keys()) append(settings, told, key);
    if (!names(given, "task.name"))
      for (const std::string& key : data_keys())
        if (key != "task.test_data" || !names(given, "task.data")) append(settings, told, key);
  }
  settings.insert(settings.end(), given.begin(), given.end());
  return settings;
}

void require_same_tokenizer(const std::string& path, const Safetensors& file,
                            const std::vector<Setting>& settings) {
  const std::string tokenizer = last_of(settings, "text.tokenizer").value_or("bytes");
  if (last_of(settings, "task.name").value_or("text") != "text") return;
  const nlohmann::json told = stored_configuration(file);
  if (!told.is_object() || !told.contains("text")) return;
  const auto stored = file.metadata.find("tokenizer");
  const std::string trained = stored == file.metadata.end() ? "bytes" : stored->second;
  const std::string present = tokenizer == "bytes" ? "bytes" : tokenizer_checksum(tokenizer);
  if (trained == present) return;
  throw DataError(fmt::format(
      "'{}' was trained with {}, not with text.tokenizer = {}; give the tokenizer that "
      "belongs to the model",
      path, trained == "bytes" ? "bytes" : "another tokenizer (checksum " + trained + ")", tokenizer));
}

}  // namespace muster
