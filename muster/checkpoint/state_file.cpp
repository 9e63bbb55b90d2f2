#include "muster/checkpoint/state_file.h"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>
#include <variant>

#include "muster/base/error.h"
#include "muster/base/sealed_json.h"

namespace muster::inline checkpoint {

namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t format_version = 1;
constexpr std::string_view checksum_key = "checksum";
constexpr std::string_view format_name = "muster checkpoint";

std::string hex(uint64_t value) { return fmt::format("{:016x}", value); }

uint64_t from_hex(std::string_view digits) {
  uint64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto result = std::from_chars(digits.data(), end, value, 16);
  if (digits.size() != 16 || result.ec != std::errc() || result.ptr != end)
    throw CheckpointError(fmt::format("'{}' is no number of 16 hexadecimal digits", digits));
  return value;
}

StateFile content_of(const Json& json) {
  StateFile content;
  content.step = json.at("step").get<int64_t>();
  content.fingerprint = json.at("fingerprint").dump();
  for (const auto& [name, value] : json.at("integers").items())
    content.numbers.set(name, value.get<int64_t>());
  for (const auto& [name, value] : json.at("reals").items())
    content.numbers.set(name, std::bit_cast<double>(from_hex(value.get<std::string>())));
  for (const auto& [name, value] : json.at("files").items())
    content.files[name] = {value.at("bytes").get<int64_t>(), from_hex(value.at("xxh64").get<std::string>())};
  return content;
}

}  // namespace

std::string format_state_file(const StateFile& content) {
  Json json;
  json["format"] = format_name;
  json["format_version"] = format_version;
  json["step"] = content.step;
  json["fingerprint"] = Json::parse(content.fingerprint, nullptr, false);
  invariant(json["fingerprint"].is_object(), "a fingerprint must be a JSON object");
  json["files"] = Json::object();
  for (const auto& [name, digest] : content.files)
    json["files"][name] = {{"bytes", digest.bytes}, {"xxh64", hex(digest.checksum)}};
  std::map<std::string, int64_t> integers;
  std::map<std::string, std::string> reals;
  for (const auto& [name, value] : content.numbers.values()) {
    if (const auto* integer = std::get_if<int64_t>(&value))
      integers[name] = *integer;
    else
      reals[name] = hex(std::bit_cast<uint64_t>(std::get<double>(value)));
  }
  json["integers"] = integers;
  json["reals"] = reals;
  return sealed(json.dump(2) + "\n", checksum_key);
}

StateFile parse_state_file(const std::string& text, const std::string& path) {
  const auto damaged = [&](const std::string& why) {
    return CheckpointError(fmt::format("'{}' is damaged: {}", path, why));
  };
  const Seal seal = seal_of(text, checksum_key);
  if (seal == Seal::none) throw damaged("it does not begin with its checksum");
  if (seal == Seal::broken) throw damaged("its checksum does not fit its content");
  try {
    const Json json = Json::parse(text);
    if (json.at("format").get<std::string>() != format_name) throw damaged("it is no state of a checkpoint");
    const auto version = json.at("format_version").get<int64_t>();
    if (version != format_version)
      throw CheckpointError(fmt::format("'{}' has format version {}, this program reads version {}", path,
                                        version, format_version));
    return content_of(json);
  } catch (const nlohmann::json::exception& problem) {
    throw damaged(problem.what());
  }
}

}  // namespace muster::inline checkpoint
