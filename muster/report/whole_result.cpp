#include "muster/report/whole_result.h"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <system_error>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/sealed_json.h"
#include "muster/report/summary_file.h"

namespace muster::inline report {

namespace {

namespace fs = std::filesystem;
using PlainJson = nlohmann::json;

constexpr const char* model_name = "model.safetensors";

/// Whether there is a file or a folder; throws FileError where that cannot be found out.
bool exists(const std::string& path) {
  std::error_code problem;
  const auto status = fs::status(path, problem);
  if (status.type() == fs::file_type::not_found) return false;
  if (problem) throw FileError(fmt::format("cannot examine '{}': {}", path, problem.message()));
  return true;
}

std::optional<FileDigest> digest_of(const PlainJson& json) {
  if (!json.is_object() || !json.contains("bytes") || !json.contains("xxh64")) return std::nullopt;
  if (!json["bytes"].is_number_integer() || !json["xxh64"].is_string()) return std::nullopt;
  const auto digits = json["xxh64"].get<std::string>();
  FileDigest digest{json["bytes"].get<int64_t>(), 0};
  const char* end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, digest.checksum, 16);
  if (digits.size() != 16 || read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return digest;
}

ResultCheck damaged(std::string why) { return {ResultCheck::State::damaged, std::move(why), {}, {}}; }

std::optional<int64_t> steps_of(const PlainJson& summary) {
  const auto steps = summary.find("steps");
  return steps != summary.end() && steps->is_number_integer() ? std::optional(steps->get<int64_t>())
                                                              : std::nullopt;
}

/// What is wrong with a file that the summary lists, or "".
std::string difference(const std::string& path, const FileDigest& expected) {
  if (!exists(path)) return fmt::format("'{}' is missing", path);
  if (fs::is_directory(path)) return fmt::format("'{}' is a folder, not a file", path);
  const FileDigest found = digest_of_file(path);
  if (found.bytes != expected.bytes)
    return fmt::format("'{}' has {} bytes, the run wrote {}", path, found.bytes, expected.bytes);
  return found == expected ? "" : fmt::format("the content of '{}' is not what the run wrote", path);
}

// These files record the course of the run; the result is whole without them.
bool holds_result(std::string_view name) { return name != "metrics.jsonl" && name != "arrivals.jsonl"; }

/// A summary of version 0.1.0.
ResultCheck check_without_digests(const std::string& folder, const PlainJson& summary) {
  const std::string path = folder + "/summary.json", model = folder + "/" + model_name;
  if (!summary.contains("steps") || !summary.contains("versions") || !summary.contains("configuration"))
    return damaged(fmt::format("'{}' is no summary of a run", path));
  if (!exists(model)) return damaged(fmt::format("'{}' is missing", model));
  return {ResultCheck::State::whole,
          "",
          {fmt::format("'{}' was written by an older version and holds no digest of the model: '{}' could "
                       "not be checked for damage",
                       path, model)},
          steps_of(summary)};
}

}  // namespace

ResultCheck check_result(const std::string& folder) {
  const std::string path = folder + "/summary.json";
  if (!exists(path)) return {};
  if (fs::is_directory(path)) return damaged(fmt::format("'{}' is a folder, not a file", path));
  const std::string text = read_file(path);
  if (text.empty()) return damaged(fmt::format("'{}' is empty", path));
  const PlainJson summary = PlainJson::parse(text, nullptr, false);
  if (!summary.is_object()) return damaged(fmt::format("'{}' is no JSON object", path));
  const Seal seal = seal_of(text, summary_checksum_key);
  if (seal == Seal::none && !summary.contains("files")) return check_without_digests(folder, summary);
  if (seal != Seal::whole) return damaged(fmt::format("the checksum in '{}' does not fit its content", path));
  if (!summary.contains("files") || !summary["files"].is_object())
    return damaged(fmt::format("'{}' names no files", path));
  if (!summary.value("finished", true)) return {};
  ResultCheck check{ResultCheck::State::whole, "", {}, steps_of(summary)};
  for (const auto& [name, value] : summary["files"].items()) {
    const auto expected = digest_of(value);
    if (!expected) return damaged(fmt::format("'{}' holds no digest of {}", path, name));
    const std::string why = difference(folder + "/" + name, *expected);
    if (why.empty()) continue;
    if (holds_result(name)) return damaged(why);
    check.remarks.push_back(why + ": it says how the run went; the result does not depend on it");
  }
  return check;
}

std::map<std::string, FileDigest> settle_files(const std::string& folder,
                                               const std::vector<std::string>& names) {
  std::map<std::string, FileDigest> digests;
  for (const std::string& name : names) {
    const std::string path = folder + "/" + name;
    if (!exists(path)) continue;
    sync_to_disk(path);
    digests[name] = digest_of_file(path);
  }
  sync_to_disk(folder);
  return digests;
}

}  // namespace muster::inline report
