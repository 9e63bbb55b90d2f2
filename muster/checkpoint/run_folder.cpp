#include "muster/checkpoint/run_folder.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/checkpoint/checkpoint.h"
#include "muster/report/whole_result.h"

namespace muster::inline checkpoint {

namespace {

namespace fs = std::filesystem;

constexpr const char* lock_name = ".lock";

[[noreturn]] void fail(const std::string& path, const std::string& reason) {
  throw FileError(fmt::format("cannot use '{}' as run.out: {}", path, reason));
}

/// The folders that get a new entry when the missing folders of `path` are made.
std::vector<fs::path> folders_that_change(const std::string& path) {
  std::vector<fs::path> changing;
  std::error_code error;
  for (fs::path at = fs::absolute(path, error); !error && !fs::exists(at, error) && at.has_relative_path();
       at = at.parent_path())
    changing.push_back(at.parent_path());
  return changing;
}

void make_run_folder(const std::string& path) {
  const std::vector<fs::path> changing = folders_that_change(path);
  std::error_code error;
  fs::create_directories(path, error);
  std::error_code ignored;
  if (fs::exists(path, ignored) && !fs::is_directory(path, ignored)) fail(path, "it is a file, not a folder");
  if (error) fail(path, error.message());
  for (const fs::path& folder : changing)
    if (::access(folder.c_str(), R_OK) == 0)
      sync_to_disk(folder.string());  // only readable ones can be synced
}

bool holds_anything(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return false;
  fs::directory_iterator at(path, error);
  for (const fs::directory_iterator end; !error && at != end; at.increment(error))
    if (at->path().filename() != lock_name && !is_staging(at->path().filename().string())) return true;
  if (error) fail(path, error == std::errc::not_a_directory ? "it is a file, not a folder" : error.message());
  return false;
}

void refuse_if_used(const std::string& path) {
  if (holds_anything(path))
    throw OptionError("run.out", path,
                      "the folder is not empty: add --run.resume to resume the run in it, or "
                      "choose another folder");
}

[[noreturn]] void refuse(const std::string& path, std::string holder) {
  while (!holder.empty() && holder.back() == '\n') holder.pop_back();
  fail(path, fmt::format("another process ({}) is using it: wait for it, stop it, or choose another folder",
                         holder.empty() ? "unknown" : holder));
}

/// Replaces the lock by one that names this writer: a stopped holder of the old one holds a file without a
/// name.
LockFile replace_lock(const Staging& staging) {
  LockFile lock(staging.path_of(lock_name));
  // Nobody else knows the file; where the file system offers no locks, the user was told.
  static_cast<void>(lock.try_to_lock());
  lock.set_text(holder_text(staging.writer()));
  staging.publish(lock_name);
  return lock;
}

/// The run that wrote here last, where the folder says so.
std::optional<RunWriter> last_writer(const LockFile& lock) { return writer_in(lock.text()); }

// The order of mkdir (Staging), lock and revoke_others() decides: an earlier writer of this run that is
// continued in between sees the lock of its successor, or finds its folder gone.
void lock_folder(RunFolder& folder, const RunWriter& writer) {
  const std::string& path = folder.path;
  folder.staging = std::make_unique<Staging>(path, writer);
  while (true) {
    const LockFile lock(path + "/" + lock_name);
    const LockFile::Outcome outcome = lock.try_to_lock();
    if (!lock.in_place()) continue;  // another one has just replaced it
    const auto last = last_writer(lock);
    if (last && last->succeeds(writer))
      throw LostPeer(fmt::format("another process of this run writes '{}' now", path));
    if (outcome == LockFile::Outcome::busy && (!last || !writer.succeeds(*last))) refuse(path, lock.text());
    if (outcome == LockFile::Outcome::unsupported)
      folder.messages.push_back(
          fmt::format("the file system of '{}' offers no locks: do not start two runs in it", path));
    folder.lock = replace_lock(*folder.staging);
    break;
  }
  for (const std::string& taken : folder.staging->revoke_others())
    recover_replaced_checkpoints(taken, path + "/checkpoints");
}

/// Whether a finished run is to make more steps than it has made.
bool gets_longer(const std::string& path, const ResultCheck& result, std::optional<int64_t> total_steps) {
  if (!result.steps || !total_steps) return false;
  if (*total_steps < *result.steps)
    throw OptionError("run.steps", std::to_string(*total_steps),
                      fmt::format("the run in '{}' has made {} steps: it can be made longer, not shorter",
                                  path, *result.steps));
  return *total_steps > *result.steps;
}

}  // namespace

RunFolder open_run_folder(const std::string& path, bool resume, const RunWriter& writer,
                          std::optional<int64_t> total_steps) {
  if (path.empty()) throw OptionError("run.out", "\"\"", "name a folder for the results");
  if (!resume) refuse_if_used(path);
  make_run_folder(path);
  RunFolder folder;
  folder.path = path;
  lock_folder(folder, writer);
  if (!resume) {
    refuse_if_used(path);  // another run may have come and gone before we held the lock
    return folder;
  }
  const ResultCheck result = check_result(path);
  if (result.whole() && !gets_longer(path, result, total_steps)) {
    folder.fresh = false;
    folder.already_finished = true;
    folder.messages.push_back(fmt::format("the run in '{}' is finished: nothing to resume", path));
    folder.messages.insert(folder.messages.end(), result.remarks.begin(), result.remarks.end());
    return folder;
  }
  folder.damage = result.damage;
  const std::string checkpoints = path + "/checkpoints";
  if (is_there(checkpoints)) recover_checkpoints(checkpoints);
  folder.resume_from = newest_checkpoint(checkpoints);
  folder.fresh = !folder.resume_from;
  if (!folder.damage.empty())
    folder.messages.push_back(
        fmt::format("the run in '{}' has ended, but {}: its result is made again", path, folder.damage));
  else if (folder.fresh)
    folder.messages.push_back(fmt::format("no checkpoint in '{}' yet: starting from the beginning", path));
  return folder;
}

RunFolder take_over_run_folder(const std::string& path, const RunWriter& writer) {
  make_run_folder(path);
  if (holds_anything(path)) {
    const auto last = last_writer(LockFile(path + "/" + lock_name));
    if (!last || last->run != writer.run) fail(path, "it holds the files of another run");
  }
  RunFolder folder;
  folder.path = path;
  folder.fresh = false;
  lock_folder(folder, writer);
  return folder;
}

}  // namespace muster::inline checkpoint
