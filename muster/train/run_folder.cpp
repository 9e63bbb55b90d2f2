#include "muster/train/run_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/report/whole_result.h"
#include "muster/train/checkpoint.h"

namespace muster {

namespace {

namespace fs = std::filesystem;

constexpr const char* lock_name = ".lock";

[[noreturn]] void fail(const std::string& path, const std::string& reason) {
  throw FileError(fmt::format("cannot use '{}' as run.out: {}", path, reason));
}

void make_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  std::error_code ignored;
  if (fs::exists(path, ignored) && !fs::is_directory(path, ignored)) fail(path, "it is a file, not a folder");
  if (error) fail(path, error.message());
}

bool holds_anything(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return false;
  fs::directory_iterator at(path, error);
  for (const fs::directory_iterator end; !error && at != end; at.increment(error))
    if (at->path().filename() != lock_name) return true;
  if (error) fail(path, error == std::errc::not_a_directory ? "it is a file, not a folder" : error.message());
  return false;
}

void refuse_if_used(const std::string& path) {
  if (holds_anything(path))
    throw OptionError("run.out", path,
                      "the folder is not empty: add --run.resume to go on with the run in it, or "
                      "choose another folder");
}

FolderLock lock_folder(const std::string& path, std::vector<std::string>& messages) {
  const std::string file = path + "/" + lock_name;
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) fail(path, std::strerror(errno));
  FolderLock lock(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) {
      std::string holder = read_file(file);
      while (!holder.empty() && holder.back() == '\n') holder.pop_back();
      fail(path,
           fmt::format("another process ({}) is using it: wait for it, stop it, or choose another folder",
                       holder.empty() ? "unknown" : holder));
    }
    messages.push_back(
        fmt::format("the file system of '{}' offers no locks ({}): do not start two runs in it", path,
                    std::strerror(errno)));
  }
  // The process's number is for the other one's message; writing it also shows that the disk takes bytes.
  const std::string holder = fmt::format("process {}\n", ::getpid());
  if (::ftruncate(descriptor, 0) != 0 || ::pwrite(descriptor, holder.data(), holder.size(), 0) < 0)
    fail(path, std::strerror(errno));
  return lock;
}

}  // namespace

FolderLock::FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FolderLock& FolderLock::operator=(FolderLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);  // its text is for messages only
}

RunFolder open_run_folder(const std::string& path, bool resume) {
  if (path.empty()) throw OptionError("run.out", "\"\"", "name a folder for the results");
  if (!resume) refuse_if_used(path);
  make_folder(path);
  RunFolder folder;
  folder.path = path;
  folder.lock = lock_folder(path, folder.messages);
  if (!resume) {
    refuse_if_used(path);  // another run may have come and gone before we held the lock
    return folder;
  }
  const ResultCheck result = check_result(path);
  if (result.whole()) {
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
    folder.messages.push_back(fmt::format("no checkpoint in '{}' yet: starting anew", path));
  return folder;
}

}  // namespace muster
