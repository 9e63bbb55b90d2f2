#include "muster/engine/described_model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "muster/app/keys/catalogue.h"
#include "muster/app/keys/key_role.h"
#include "muster/base/error.h"
#include "muster/checkpoint/model_digest.h"
#include "muster/engine/model_file.h"
#include "muster/engine/model_source.h"

namespace muster::inline engine {

namespace {

std::string last_of(const std::vector<Setting>& settings, std::string_view key) {
  std::string text;
  for (const Setting& setting : settings)
    if (setting.name == key) text = setting.text;
  return text;
}

bool stored(const nlohmann::json& told, const Key& key) {
  const auto section = told.find(key.section());
  return section != told.end() && section->is_object() && section->contains(key.short_name());
}

bool is_needed(const Key& key, Described need) {
  switch (role_of(key)) {
    case KeyRole::network:
      return true;
    case KeyRole::data:
    case KeyRole::preprocessing:
      return need == Described::network_and_data;
    case KeyRole::training:
      return false;
  }
  return false;
}

/// The keys that neither the file nor the settings give.
std::vector<std::string> lacking(const Catalogue& catalogue, const Safetensors& file,
                                 const nlohmann::json& told, const std::vector<Setting>& settings,
                                 Described need) {
  const std::string task = last_of(settings, "task.name"), model = last_of(settings, "task.model");
  const bool first_format = !file.metadata.contains(std::string(digest_key));
  std::vector<std::string> names;
  for (const Key& key : catalogue.keys()) {
    if (!is_needed(key, need) || !concerns(catalogue, key, task, model)) continue;
    if (stored(told, key) || !last_of(settings, key.name).empty()) continue;
    if (first_format && may_lack_in_first_format(key)) continue;
    names.push_back(key.name);
  }
  return names;
}

constexpr const char* name_both =
    "name them: --task.model MODEL --task.name NAME, with --task.data PATH where the data are files, and "
    "every "
    "other key of data and network that was not the default";

}  // namespace

void require_described(const Catalogue& catalogue, const std::string& path, const Safetensors& file,
                       const std::vector<Setting>& settings, const std::vector<Setting>& given,
                       Described need) {
  // A GPT of other programs: it and its config.json give the network; its data have to be given anyway.
  const auto tokenizer = file.metadata.find("tokenizer");
  if (tokenizer != file.metadata.end() && tokenizer->second == unknown_tokenizer) return;
  const bool data = need == Described::network_and_data;
  if (!last_of(given, "task.model").empty() && (!data || !last_of(given, "task.name").empty())) return;
  const nlohmann::json told = stored_configuration(file);
  if (!told.is_object() || told.empty()) {
    if (!last_of(settings, "task.model").empty() && (!data || !last_of(settings, "task.name").empty()))
      return;
    throw DataError(
        fmt::format("'{}' does not say {}; {}", path,
                    data ? "what network it is and on which data it was trained" : "what network it is",
                    data ? name_both : "name it: --task.model gpt with its --gpt.layers, --gpt.heads"));
  }
  const std::vector<std::string> names = lacking(catalogue, file, told, settings, need);
  if (names.empty()) return;
  throw DataError(fmt::format("'{}' does not record {}, with which it was trained; add --{}, or {}", path,
                              fmt::join(names, ", "), fmt::join(names, " ... --"), name_both));
}

}  // namespace muster::inline engine
