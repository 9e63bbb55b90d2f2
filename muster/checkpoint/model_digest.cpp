#include "muster/checkpoint/model_digest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "muster/base/error.h"

namespace muster::inline checkpoint {

namespace {

constexpr std::string_view version_key = "format_version";
constexpr std::string_view present_version = "2";  // version 1 had neither this entry nor a digest

/// With its length before it, so that no two lists of texts look alike.
std::string counted(std::string_view text) { return fmt::format("{}:{}\n", text.size(), text); }

}  // namespace

Metadata with_digest(Metadata metadata) {
  metadata[std::string(digest_key)] = "";
  metadata[std::string(version_key)] = present_version;
  return metadata;
}

void ModelDigest::add(const std::string& name, std::string_view type, const std::vector<int64_t>& shape,
                      const Checksum& bytes) {
  tensors_[name] = fmt::format("{} [{}] {:016x}\n", type, fmt::join(shape, ","), bytes.value());
}

std::string ModelDigest::digits(const Metadata& metadata) const {
  std::string text;
  for (const auto& [key, value] : metadata)
    if (key != digest_key) text += counted(key) + counted(value);
  for (const auto& [name, content] : tensors_) text += counted(name) + content;
  Checksum checksum;
  checksum.add(text.data(), text.size());
  return fmt::format("{:016x}", checksum.value());
}

bool promises_digest(const Metadata& metadata, const std::string& path) {
  const bool holds_one = metadata.contains(std::string(digest_key));
  if (!holds_one && metadata.contains(std::string(version_key)))
    throw DataError(
        fmt::format("'{}' is damaged: its metadata promise a digest '{}' and hold none", path, digest_key));
  return holds_one;
}

void require_promised(const ModelDigest& digest, const Metadata& metadata, const std::string& path) {
  if (digest.digits(metadata) == metadata.at(std::string(digest_key))) return;
  throw DataError(fmt::format(
      "'{}' is damaged: its digest does not fit its content; take a whole copy (or, where another "
      "program changed it on purpose, remove '{}' and '{}' from its metadata)",
      path, digest_key, version_key));
}

}  // namespace muster::inline checkpoint
