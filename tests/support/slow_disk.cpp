// A slow disk, for LD_PRELOAD: fsync() and fdatasync() take SLOW_DISK_MILLISECONDS longer. Where
// SLOW_DISK_COUNT names a file, each of them adds a byte to it.
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <thread>

namespace {

void be_slow() {
  const char* milliseconds = std::getenv("SLOW_DISK_MILLISECONDS");
  if (milliseconds) std::this_thread::sleep_for(std::chrono::milliseconds(std::atol(milliseconds)));
}

void count() {
  const char* path = std::getenv("SLOW_DISK_COUNT");
  const int file = path ? ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;
  if (file < 0) return;
  if (::write(file, ".", 1) != 1) std::abort();  // the count would be wrong
  ::close(file);
}

int slowly(const char* name, int descriptor) {
  be_slow();
  count();
  return reinterpret_cast<int (*)(int)>(::dlsym(RTLD_NEXT, name))(descriptor);
}

}  // namespace

extern "C" int fsync(int descriptor) { return slowly("fsync", descriptor); }
extern "C" int fdatasync(int descriptor) { return slowly("fdatasync", descriptor); }
