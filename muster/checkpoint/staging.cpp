#include "muster/checkpoint/staging.h"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/folder.h"

namespace muster::inline checkpoint {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view prefix = ".writer-", taken_prefix = "taken-";

std::string name_of(const RunWriter& writer) {
  return fmt::format("{}{}-{}", prefix, writer.run, writer.number);
}

std::optional<RunWriter> writer_of(std::string_view name) {
  if (!is_staging(std::string(name))) return std::nullopt;
  name.remove_prefix(prefix.size());
  const size_t dash = name.rfind('-');
  if (dash == std::string_view::npos) return std::nullopt;
  RunWriter writer{std::string(name.substr(0, dash)), 0};
  const char* const end = name.data() + name.size();
  const auto read = std::from_chars(name.data() + dash + 1, end, writer.number);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return writer;
}

[[noreturn]] void fail(const char* what, const std::string& path, const std::error_code& error) {
  throw FileError(fmt::format("cannot {} '{}': {}", what, path, error.message()));
}

}  // namespace

bool is_staging(const std::string& name) { return name.starts_with(prefix); }

Staging::Staging(std::string folder, RunWriter writer)
    : folder_(std::move(folder)), writer_(std::move(writer)), path_(folder_ + "/" + name_of(writer_)) {
  std::error_code error;
  fs::remove_all(path_, error);
  if (error) fail("remove", path_, error);
  fs::create_directory(path_, error);
  if (error) fail("make the folder", path_, error);
}

Staging::~Staging() {
  std::error_code ignored;  // what remains is taken away by the next writer
  fs::remove_all(path_, ignored);
}

void Staging::publish(const std::string& name) const {
  std::error_code error;
  fs::rename(path_of(name), folder_ + "/" + name, error);
  if (error) {
    require_present();
    fail("write", folder_ + "/" + name, error);
  }
  sync_to_disk(folder_);
}

std::vector<std::string> Staging::revoke_others() const {
  std::vector<std::string> taken;
  for (const std::string& name : names_in(folder_)) {
    if (!is_staging(name) || name == name_of(writer_)) continue;
    const auto other = writer_of(name);
    if (other && other->succeeds(writer_)) continue;  // it is about to take over
    const std::string here = path_of(fmt::format("{}{}", taken_prefix, taken.size()));
    std::error_code error;
    fs::rename(folder_ + "/" + name, here, error);
    if (error == std::errc::no_such_file_or_directory) {
      require_present();
      continue;  // its owner has just removed it
    }
    if (error) fail("take away", folder_ + "/" + name, error);
    taken.push_back(here);
    // Folders that the other writer had itself taken, and not yet put back.
    for (const std::string& inner : names_in(here))
      if (inner.starts_with(taken_prefix)) taken.push_back(here + "/" + inner);
  }
  return taken;
}

bool Staging::superseded() const {
  std::error_code error;  // where it cannot be seen, the lock says whether there is a successor
  if (fs::is_directory(path_, error)) return false;
  try {
    const auto holder = writer_in(read_file(folder_ + "/.lock"));
    return holder && holder->succeeds(writer_);
  } catch (const FileError&) {
    return false;  // the whole folder is gone
  }
}

void Staging::require_present() const {
  std::error_code error;  // a folder that cannot be seen is of no use either
  if (superseded()) throw LostPeer(fmt::format("another process of this run writes '{}' now", folder_));
  if (!fs::is_directory(path_, error))
    throw FileError(fmt::format("'{}' was moved or removed while the run wrote into it", folder_));
}

}  // namespace muster::inline checkpoint
