#include "muster/base/file.h"

#include <filesystem>
#include <vector>

#include "muster/base/error.h"
#include "muster/base/open_file.h"
#include "muster/base/replaced_file.h"

namespace muster::inline base {

namespace {

template <typename Take>
void read_in_pieces(const std::string& path, const Take& take) {
  OpenFile file(path, OpenFor::reading);
  std::vector<char> buffer(1 << 20);
  while (const size_t count = file.read_some(buffer.data(), buffer.size())) take(buffer.data(), count);
}

}  // namespace

bool is_there(const std::string& path) {
  std::error_code problem;
  const auto status = std::filesystem::status(path, problem);
  if (status.type() == std::filesystem::file_type::none)
    throw FileError("cannot look at '" + path + "': " + problem.message());
  return std::filesystem::exists(status);
}

std::string read_file(const std::string& path) {
  std::string content;
  read_in_pieces(path, [&](const char* data, size_t bytes) { content.append(data, bytes); });
  return content;
}

FileDigest digest_of_file(const std::string& path) {
  Checksum checksum;
  int64_t length = 0;
  read_in_pieces(path, [&](const char* data, size_t bytes) {
    checksum.add(data, bytes);
    length += static_cast<int64_t>(bytes);
  });
  return {length, checksum.value()};
}

void write_file_atomically(const std::string& path, std::string_view content) {
  ReplacedFile file(path);
  file.write(content);
  file.commit();
}

void sync_to_disk(const std::string& path) { OpenFile(path, OpenFor::flushing).flush(); }

}  // namespace muster::inline base
