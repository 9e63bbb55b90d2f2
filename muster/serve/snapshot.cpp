#include "muster/serve/snapshot.h"

#include <fmt/format.h>

#include <vector>

#include "muster/base/bytes.h"
#include "muster/base/crc32c.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/replaced_file.h"
#include "muster/flat/state_bytes.h"

namespace muster::inline serve {

namespace {

constexpr std::string_view magic = "MUSTERS2", magic_of_version_1 = "MUSTERS1";
constexpr size_t checksum_bytes = 4;

}  // namespace

void write_snapshot(const std::string& path, const State& state) {
  const StateBytes content = state_bytes(state);
  std::vector<std::string_view> parts = content.parts();
  parts.insert(parts.begin(), magic);
  uint32_t checksum = 0;
  for (const auto part : parts) checksum = crc32c(part, checksum);
  const ByteWriter end = ByteWriter().u32(checksum);
  parts.emplace_back(end.bytes());
  ReplacedFile file(path);
  for (const auto part : parts) file.write(part);
  file.commit();
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
  if (ByteReader(content.substr(body.size())).u32() != crc32c(body))
    throw CheckpointError(fmt::format("the snapshot '{}' is damaged: its checksum does not fit", path));
  try {
    return state_from_bytes(body.substr(magic.size()));
  } catch (const DataError& problem) {
    throw CheckpointError(fmt::format("the snapshot '{}' is damaged: {}", path, problem.what()));
  }
}

}  // namespace muster::inline serve
