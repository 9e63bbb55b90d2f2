#include "muster/base/sealed_json.h"

#include <fmt/format.h>

#include "muster/base/checksum.h"
#include "muster/base/error.h"

namespace muster::inline base {

namespace {

constexpr std::string_view zeros = "0000000000000000";

std::string start_with(std::string_view key) { return fmt::format("{{\n  \"{}\": \"", key); }

std::string checksum_of(std::string_view text) {
  Checksum checksum;
  checksum.add(text.data(), text.size());
  return fmt::format("{:016x}", checksum.value());
}

}  // namespace

std::string sealed(std::string_view object, std::string_view key) {
  constexpr std::string_view opening = "{\n";
  invariant(object.starts_with(opening), "only an indented JSON object can carry a checksum of itself");
  const std::string start = start_with(key);
  std::string text = fmt::format("{}{}\",\n{}", start, zeros, object.substr(opening.size()));
  return text.replace(start.size(), zeros.size(), checksum_of(text));
}

Seal seal_of(std::string_view text, std::string_view key) {
  const std::string start = start_with(key);
  if (!text.starts_with(start) || text.size() < start.size() + zeros.size()) return Seal::none;
  std::string bare(text);
  bare.replace(start.size(), zeros.size(), zeros);
  return text.substr(start.size(), zeros.size()) == checksum_of(bare) ? Seal::whole : Seal::broken;
}

}  // namespace muster::inline base
