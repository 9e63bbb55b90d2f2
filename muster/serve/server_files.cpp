#include "muster/serve/server_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/serve/snapshot.h"

namespace muster {

namespace {

namespace fs = std::filesystem;

constexpr const char* snapshot_prefix = "snapshot-";
constexpr const char* log_prefix = "events-";

std::string name_of(const char* prefix, int64_t number) { return fmt::format("{}{:08}", prefix, number); }

std::optional<int64_t> number_of(const std::string& name, const std::string& prefix) {
  if (!name.starts_with(prefix)) return std::nullopt;
  int64_t number = -1;
  const char* end = name.data() + name.size();
  const auto read = std::from_chars(name.data() + prefix.size(), end, number);
  if (read.ec != std::errc() || read.ptr != end || number < 0) return std::nullopt;
  return number;
}

std::vector<int64_t> numbers_in(const std::string& folder, const std::string& prefix) {
  std::error_code error;
  std::vector<int64_t> found;
  fs::directory_iterator at(folder, error);
  for (const fs::directory_iterator end; !error && at != end; at.increment(error))
    if (const auto number = number_of(at->path().filename().string(), prefix)) found.push_back(*number);
  if (error) throw FileError(fmt::format("cannot read the folder '{}': {}", folder, error.message()));
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

ServerFiles::ServerFiles(std::string folder, const Identity& identity, bool keep_all)
    : folder_(std::move(folder)), identity_(to_text(identity)), keep_all_(keep_all) {}

std::string ServerFiles::snapshot_path(int64_t number) const {
  return folder_ + "/" + name_of(snapshot_prefix, number);
}

std::string ServerFiles::log_path(int64_t number) const {
  return folder_ + "/" + name_of(log_prefix, number);
}

std::optional<State> ServerFiles::newest_snapshot() {
  const auto found = numbers_in(folder_, snapshot_prefix);
  if (found.empty()) {
    if (!numbers_in(folder_, log_prefix).empty())
      throw CheckpointError(fmt::format("'{}' holds events but no snapshot that they follow on", folder_));
    return std::nullopt;
  }
  number_ = found.back();
  return read_snapshot(snapshot_path(number_));
}

std::unique_ptr<EventLogReader> ServerFiles::open_log() const {
  const std::string path = log_path(number_);
  if (!fs::exists(path)) return nullptr;
  auto log = std::make_unique<EventLogReader>(path);
  if (log->identity() == identity_) return log;
  const auto difference =
      first_difference(identity_from_text(log->identity()), identity_from_text(identity_));
  throw CheckpointError(fmt::format("'{}' belongs to another run: {}", path, difference.value_or("")));
}

void ServerFiles::reopen_log(int64_t bytes) {
  log_.reset();
  log_.emplace(EventLogWriter::reopen_at(log_path(number_), bytes));
}

// Under another name until it is whole, so that a log that is there can always be read.
void ServerFiles::start_log() {
  const std::string path = log_path(number_), beside = path + ".new";
  int64_t bytes = 0;
  {
    EventLogWriter fresh(beside, identity_);
    fresh.sync();
    bytes = fresh.position();
  }
  std::error_code error;
  fs::rename(beside, path, error);
  if (error) throw FileError(fmt::format("cannot write '{}': {}", path, error.message()));
  sync_to_disk(folder_);
  reopen_log(bytes);
}

void ServerFiles::begin_anew(const State& state) {
  write_snapshot(snapshot_path(number_ + 1), state);
  ++number_;
  start_log();
  if (!keep_all_) remove_before(number_);
}

void ServerFiles::remove_before(int64_t number) const {
  for (const char* prefix : {snapshot_prefix, log_prefix})
    for (const int64_t old : numbers_in(folder_, prefix)) {
      std::error_code ignored;  // what stays is only in the way
      if (old < number) fs::remove(folder_ + "/" + name_of(prefix, old), ignored);
    }
}

WholeRecord whole_record(const std::string& folder) {
  const auto snapshots = numbers_in(folder, snapshot_prefix), logs = numbers_in(folder, log_prefix);
  if (snapshots.empty() || snapshots.front() != 0)
    throw CheckpointError(fmt::format(
        "'{}' does not hold the beginning of its run; only a run with serve.keep_events keeps it", folder));
  WholeRecord record{read_snapshot(folder + "/" + name_of(snapshot_prefix, 0)), {}};
  for (size_t i = 0; i < logs.size(); ++i) {
    if (logs[i] != static_cast<int64_t>(i))
      throw CheckpointError(
          fmt::format("'{}' lacks {}", folder, name_of(log_prefix, static_cast<int64_t>(i))));
    record.logs.push_back(folder + "/" + name_of(log_prefix, logs[i]));
  }
  return record;
}

}  // namespace muster
