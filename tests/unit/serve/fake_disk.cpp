#include "tests/unit/serve/fake_disk.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct Disk {
  std::mutex mutex;
  std::condition_variable changed;
  bool is_faked = false, fails = false;
  std::string stalled;  // "": nothing
  int waiting = 0;
  std::vector<std::string> flushed;
  std::map<ino_t, std::string> contents;  // at the last flush
  std::function<void()> listener;
  std::mutex telling;
};

Disk& disk() {
  static Disk the_only_one;
  return the_only_one;
}

std::string content_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

using Names = std::map<std::string, ino_t>;

Names names_in(const fs::path& folder) {
  Names names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    struct stat about {};  // gone where it was moved meanwhile
    if (::stat(entry.path().c_str(), &about) == 0) names[entry.path().filename().string()] = about.st_ino;
  }
  return names;
}

void tell() {
  const std::lock_guard lock(disk().telling);
  if (disk().listener) disk().listener();
}

int flush(long call, int descriptor) {
  Disk& fake = disk();
  std::error_code ignored;
  const std::string path = fs::read_symlink("/proc/self/fd/" + std::to_string(descriptor), ignored).string();
  std::unique_lock lock(fake.mutex);
  if (!fake.is_faked) {
    lock.unlock();
    return static_cast<int>(::syscall(call, descriptor));
  }
  const auto is_stalled = [&] { return !fake.stalled.empty() && path.find(fake.stalled) != path.npos; };
  fake.waiting += is_stalled() ? 1 : 0;
  const bool waits = is_stalled();
  fake.changed.notify_all();
  fake.changed.wait(lock, [&] { return !is_stalled(); });
  fake.waiting -= waits ? 1 : 0;
  if (fake.fails) {
    errno = EIO;
    return -1;
  }
  lock.unlock();
  tell();
  struct stat about {};
  const bool is_file = ::fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode);
  const std::string content = is_file ? content_of("/proc/self/fd/" + std::to_string(descriptor)) : "";
  lock.lock();
  fake.flushed.push_back(path);
  if (is_file) fake.contents[about.st_ino] = content;
  lock.unlock();
  tell();
  return 0;
}

}  // namespace

// In the place of the C library's.
extern "C" int fdatasync(int descriptor) { return flush(SYS_fdatasync, descriptor); }
extern "C" int fsync(int descriptor) { return flush(SYS_fsync, descriptor); }

namespace muster::test {

FakeDisk::FakeDisk() {
  const std::lock_guard lock(disk().mutex);
  disk().is_faked = true;
}

FakeDisk::~FakeDisk() {
  go_on();
  tell({});
  const std::lock_guard lock(disk().mutex);
  disk().is_faked = disk().fails = false;
  disk().flushed.clear();
  disk().contents.clear();
}

void FakeDisk::stall(const std::string& part) {
  const std::lock_guard lock(disk().mutex);
  disk().stalled = part;
}

void FakeDisk::go_on() {
  const std::lock_guard lock(disk().mutex);
  disk().stalled.clear();
  disk().changed.notify_all();
}

bool FakeDisk::wait_for_stalled(int count) const {
  std::unique_lock lock(disk().mutex);
  return disk().changed.wait_for(lock, std::chrono::minutes(1), [&] { return disk().waiting >= count; });
}

void FakeDisk::fail(bool fails) {
  const std::lock_guard lock(disk().mutex);
  disk().fails = fails;
}

int FakeDisk::count(const std::string& part) const {
  const std::lock_guard lock(disk().mutex);
  int count = 0;
  for (const std::string& path : disk().flushed) count += path.find(part) != path.npos ? 1 : 0;
  return count;
}

void FakeDisk::reset() {
  const std::lock_guard lock(disk().mutex);
  disk().flushed.clear();
}

void FakeDisk::tell(std::function<void()> listener) {
  const std::lock_guard lock(disk().telling);
  disk().listener = std::move(listener);
}

void FakeDisk::copy(const fs::path& folder, const fs::path& to, bool flushed) {
  for (Names names = names_in(folder);; names = names_in(folder)) {
    fs::remove_all(to);
    fs::create_directories(to);
    for (const auto& [name, inode] : names) {
      const std::string now = flushed ? "" : content_of(folder / name);
      const std::lock_guard lock(disk().mutex);
      std::ofstream(to / name, std::ios::binary) << (flushed ? disk().contents[inode] : now);
    }
    if (names_in(folder) == names) return;  // nothing was renamed meanwhile
  }
}

}  // namespace muster::test
