#include "muster/checkpoint/sharded_safetensors.h"

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/file.h"

namespace muster::inline checkpoint {

namespace {

using nlohmann::json;

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw DataError(fmt::format("'{}' is no sound index of safetensors files: {}", path, why));
}

/// Names of tensors -> names of files.
std::map<std::string, std::string> weight_map(const std::string& path, const std::string& text) {
  const json index = json::parse(text, nullptr, false);
  if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object() ||
      index["weight_map"].empty())
    refuse(path, "it holds no 'weight_map' from tensors to files");
  std::map<std::string, std::string> files;
  for (const auto& [name, file] : index["weight_map"].items()) {
    if (!file.is_string()) refuse(path, fmt::format("the file of tensor '{}' is no text", name));
    const auto given = file.get<std::string>();
    if (given.empty() || given == ".." || given.find('/') != given.npos)
      refuse(path, fmt::format("tensor '{}' is in '{}'; the files must be in the folder of the index", name,
                               given));
    files.emplace(name, given);
  }
  return files;
}

void add_shard(const std::string& index_path, const std::string& file, Safetensors shard,
               const std::map<std::string, std::string>& files, Safetensors& all) {
  if (all.metadata.empty()) all.metadata = std::move(shard.metadata);
  for (const std::string& name : shard.names) {
    const auto due = files.find(name);
    if (due == files.end())
      refuse(index_path, fmt::format("tensor '{}' of '{}' is not in its 'weight_map'", name, file));
    if (due->second != file)
      refuse(index_path,
             fmt::format("tensor '{}' should be in '{}' and is in '{}'", name, due->second, file));
    all.names.push_back(name);
    all.tensors.emplace(name, std::move(shard.tensors.at(name)));
  }
}

}  // namespace

bool is_safetensors_index(const std::string& path) { return path.ends_with(".safetensors.index.json"); }

Safetensors read_sharded_safetensors(const std::string& index_path) {
  const std::string text = read_file(index_path);
  const auto files = weight_map(index_path, text);
  const std::filesystem::path folder = std::filesystem::path(index_path).parent_path();
  std::set<std::string> shards;
  for (const auto& item : files) shards.insert(item.second);
  Safetensors all;
  for (const std::string& file : shards)
    add_shard(index_path, file, read_safetensors((folder / file).string()), files, all);
  for (const auto& [name, file] : files)
    if (all.tensors.count(name) == 0)
      refuse(index_path, fmt::format("tensor '{}' is missing in '{}'", name, file));
  Checksum checksum;
  checksum.add(text.data(), text.size());
  all.digest = {static_cast<int64_t>(text.size()), checksum.value()};
  return all;
}

}  // namespace muster::inline checkpoint
