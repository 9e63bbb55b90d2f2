#include "muster/serve/snapshot.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <vector>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/rendezvous/sockets.h"
#include "muster/report/crc32c.h"
#include "muster/serve/packed_bytes.h"
#include "muster/serve/state_bytes.h"

namespace muster {

namespace {

constexpr std::string_view magic = "MUSTERS2", magic_of_version_1 = "MUSTERS1";
constexpr size_t checksum_bytes = 4;

[[noreturn]] void fail(const char* what, const std::string& path) {
  throw FileError(fmt::format("cannot {} the snapshot '{}': {}", what, path, std::strerror(errno)));
}

void write_part(int descriptor, std::string_view rest, const std::string& path) {
  while (!rest.empty()) {
    const ssize_t written = ::write(descriptor, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("write", path);
    rest.remove_prefix(static_cast<size_t>(written));
  }
}

void write_and_flush(const std::string& path, const std::vector<std::string_view>& parts) {
  const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (file.number() < 0) fail("write", path);
  for (const auto part : parts) write_part(file.number(), part, path);
  if (::fsync(file.number()) != 0) fail("flush", path);
}

}  // namespace

void write_snapshot(const std::string& path, const State& state) {
  const StateBytes content = state_bytes(state);
  std::vector<std::string_view> parts = content.parts();
  parts.insert(parts.begin(), magic);
  uint32_t checksum = 0;
  for (const auto part : parts) checksum = crc32c(part, checksum);
  const PackedWriter end = PackedWriter().u32(checksum);
  parts.emplace_back(end.bytes());
  const std::string beside = path + ".part";
  std::remove(beside.c_str());  // what an interrupted one left, or a link: never written through
  try {
    write_and_flush(beside, parts);
    if (std::rename(beside.c_str(), path.c_str()) != 0) fail("write", path);
  } catch (...) {
    std::remove(beside.c_str());  // the failure that is thrown counts
    throw;
  }
  const std::string folder = std::filesystem::path(path).parent_path().string();
  sync_to_disk(folder.empty() ? "." : folder);
}

State read_snapshot(const std::string& path) {
  const std::string file = read_file(path);
  const std::string_view content(file);
  if (content.starts_with(magic_of_version_1))
    throw DataError(
        fmt::format("the snapshot '{}' is of format 1, which muster 0.1.0 wrote: continue with that version, "
                    "or start again "
                    "in another folder",
                    path));
  if (content.size() < magic.size() + checksum_bytes || !content.starts_with(magic))
    throw CheckpointError(
        fmt::format("'{}' is no snapshot of muster serve, or its beginning is damaged", path));
  const auto body = content.substr(0, content.size() - checksum_bytes);
  if (PackedReader(content.substr(body.size())).u32() != crc32c(body))
    throw CheckpointError(fmt::format("the snapshot '{}' is damaged: its checksum does not fit", path));
  try {
    return state_from_bytes(body.substr(magic.size()));
  } catch (const DataError& problem) {
    throw CheckpointError(fmt::format("the snapshot '{}' is damaged: {}", path, problem.what()));
  }
}

}  // namespace muster
