#include "muster/train/fingerprint.h"

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "muster/base/error.h"

namespace muster::inline train {

namespace {

using Flat = std::map<std::string, nlohmann::json>;

void flatten(const nlohmann::json& json, const std::string& prefix, Flat& flat) {
  for (const auto& [key, value] : json.items()) {
    const std::string name = prefix.empty() ? key : prefix + "." + key;
    if (value.is_object() && !value.empty())
      flatten(value, name, flat);
    else
      flat[name] = value;
  }
}

Flat flat_of(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  invariant(json.is_object(), "a fingerprint must be a JSON object");
  Flat flat;
  flatten(json, "", flat);
  return flat;
}

// A tokenizer's file counts as the same under another path: from another folder, or moved with the data.
bool same(const std::string& key, const nlohmann::json& before, const nlohmann::json& now) {
  if (before == now) return true;
  if (key != "text.tokenizer" || !before.is_string() || !now.is_string()) return false;
  return std::filesystem::path(before.get<std::string>()).filename() ==
         std::filesystem::path(now.get<std::string>()).filename();
}

std::string text_of(const Flat& flat, const std::string& key) {
  const auto found = flat.find(key);
  if (found == flat.end()) return "(none)";
  constexpr size_t longest = 80;
  std::string text = found->second.is_string() ? found->second.get<std::string>() : found->second.dump();
  if (text.size() > longest) text = text.substr(0, longest) + "...";
  return text;
}

/// Older checkpoints lack these keys.
bool is_of_data(const std::string& key) { return key.starts_with("data."); }

/// A path to data may differ; the content of the data is compared.
bool is_of_place(const std::string& key) { return key == "task.test_data"; }

void require_same_data(const std::string& where, const Flat& before, const Flat& now) {
  for (const auto& [key, value] : before) {
    const auto found = now.find(key);
    if (!is_of_data(key) || found == now.end() || found->second == value) continue;
    throw CheckpointError(fmt::format(
        "'{}' was written in a run with other {} data ({}; now {}): put the old data back, or start again "
        "with another run.out",
        where, key.substr(5), text_of(before, key), text_of(now, key)));
  }
}

}  // namespace

void require_same_fingerprint(const std::string& where, const std::string& stored,
                              const std::string& present) {
  const Flat before = flat_of(stored), now = flat_of(present);
  require_same_data(where, before, now);  // first: other data often come with another number of samples
  std::vector<std::string> differing;
  const auto matters = [](const std::string& key) { return !is_of_data(key) && !is_of_place(key); };
  for (const auto& [key, value] : before)
    if (const auto found = now.find(key);
        matters(key) && (found == now.end() || !same(key, value, found->second)))
      differing.push_back(key);
  for (const auto& [key, value] : now)
    if (matters(key) && !before.contains(key)) differing.push_back(key);
  if (differing.empty()) return;
  std::string others;
  for (size_t i = 1; i < differing.size(); ++i)
    others += (i == 1 ? " (also different: " : ", ") + differing[i];
  if (!others.empty()) others += ")";
  const std::string& key = differing.front();
  throw CheckpointError(
      fmt::format("'{}' was written with {} = {}, this run has {}{}: resume with the run's own options or "
                  "choose another run.out",
                  where, key, text_of(before, key), text_of(now, key), others));
}

std::optional<int64_t> steps_in(const std::string& fingerprint) {
  const Flat flat = flat_of(fingerprint);
  const auto found = flat.find("run.steps");
  if (found == flat.end() || !found->second.is_number_integer()) return std::nullopt;
  return found->second.get<int64_t>();
}

std::string with_steps(const std::string& fingerprint, int64_t steps) {
  auto json = nlohmann::json::parse(fingerprint);
  json["run"]["steps"] = steps;
  return json.dump();
}

}  // namespace muster::inline train
