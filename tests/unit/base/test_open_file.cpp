// What every file of Muster stands on: whole reads and writes whatever the system returns, and errors that
// name the file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/open_file.h"
#include "muster/base/replaced_file.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const FileError& error) {
    return error.what();
  }
  return "no FileError";
}

/// Interrupts the calling thread's system calls as long as it lives.
class Interruptions {
 public:
  Interruptions() : target_(::pthread_self()) {
    struct sigaction action {};
    action.sa_handler = [](int) {};  // no SA_RESTART: calls end with EINTR
    ::sigaction(SIGUSR1, &action, &earlier_);
    thread_ = std::thread([this] {
      while (!over_) {
        ::pthread_kill(target_, SIGUSR1);
        std::this_thread::yield();
      }
    });
  }
  ~Interruptions() {
    over_ = true;
    thread_.join();
    ::sigaction(SIGUSR1, &earlier_, nullptr);
  }

 private:
  pthread_t target_;
  std::atomic<bool> over_{false};
  struct sigaction earlier_ {};
  std::thread thread_;
};

// A pipe gives and takes parts, and both sides are interrupted all the time.
TEST(OpenFile, GoesOnAfterInterruptionsAndParts) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const std::string sent(1 << 22, 'x');
  std::string received;
  std::thread reader([&] {
    OpenFile from = OpenFile::adopt(ends[0], "the pipe");
    std::string buffer(70'000, '\0');
    while (const size_t count = from.read_some(buffer.data(), buffer.size()))
      received.append(buffer, 0, count);
  });
  {
    const Interruptions interrupted;
    OpenFile to = OpenFile::adopt(ends[1], "the pipe");
    to.write(sent);
    to.flush();  // a pipe has nothing to flush
  }
  reader.join();
  EXPECT_EQ(received, sent);
}

TEST(OpenFile, ReadsAndWritesAnywhere) {
  const test::TemporaryFolder folder;
  OpenFile file(folder / "file", OpenFor::updating);
  file.write_at(4, "efgh");
  file.write_at(0, "abcd");
  std::string read(8, '\0');
  EXPECT_EQ(file.read_at(2, read.data(), 4), 4U);
  EXPECT_EQ(read.substr(0, 4), "cdef");
  EXPECT_EQ(file.read_at(6, read.data(), 8), 2U) << "the file ends there";
  EXPECT_EQ(file.read_at(100, read.data(), 8), 0U);
  EXPECT_EQ(file.size(), 8);
  file.cut(3);
  file.write("XY");
  EXPECT_EQ(read_file(folder / "file"), "abcXY");
}

TEST(OpenFile, OpensForWhatItSays) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "file", link = folder / "link";
  EXPECT_THAT(message_of([&] { OpenFile(path, OpenFor::reading); }),
              HasSubstr("cannot read '" + path + "': No such"));
  EXPECT_THAT(message_of([&] { OpenFile(path, OpenFor::extending); }), HasSubstr("cannot write '" + path));
  OpenFile(path, OpenFor::creating).write("one");
  EXPECT_THAT(message_of([&] { OpenFile(path, OpenFor::creating, "its name"); }),
              HasSubstr("cannot write 'its name': File exists"));
  OpenFile(path, OpenFor::appending).write(" two");
  OpenFile(path, OpenFor::extending).write(" three");
  EXPECT_EQ(read_file(path), "one two three");
  OpenFile(path, OpenFor::replacing).write("four");
  EXPECT_EQ(read_file(path), "four");
  fs::create_symlink(path, link);
  EXPECT_THAT(message_of([&] { OpenFile(link, OpenFor::updating); }), HasSubstr(link));
  EXPECT_THAT(message_of([&] { OpenFile(link, OpenFor::creating); }), HasSubstr(link));
  EXPECT_EQ(read_file(path), "four") << "never written through a link";
  EXPECT_THAT(message_of([&] { OpenFile(folder.path(), OpenFor::reading); }), HasSubstr("Is a directory"));
  OpenFile(folder.path(), OpenFor::flushing).flush();
}

TEST(OpenFile, AFullDiskIsAnError) {
  const test::TemporaryFolder folder;
  OpenFile file(folder / "file", OpenFor::replacing);
  const test::FileSizeLimit full(1000);
  file.write(std::string(900, 'x'));
  EXPECT_THAT(message_of([&] { file.write(std::string(900, 'x')); }),
              HasSubstr("cannot write '" + folder / "file"));
  EXPECT_THAT(message_of([&] { file.write_at(2000, "x"); }), HasSubstr("cannot write"));
  OpenFile device("/dev/full", OpenFor::extending);
  EXPECT_THAT(message_of([&] { device.write("x"); }), HasSubstr("No space left"));
}

TEST(OpenFile, MovesAndGivesUp) {
  const test::TemporaryFolder folder;
  OpenFile first(folder / "file", OpenFor::replacing), none;
  EXPECT_FALSE(none);
  none = std::move(first);
  EXPECT_TRUE(none);
  none.call_it("elsewhere");
  EXPECT_EQ(none.path(), "elsewhere");
  const int number = none.release();
  EXPECT_FALSE(none);
  EXPECT_EQ(::close(number), 0) << "it was given up, not closed";
}

TEST(ReplacedFile, LeavesTheOldContentWithoutCommit) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "file";
  write_file_atomically(path, "old");
  {
    ReplacedFile file(path);
    file.write("new");
    EXPECT_EQ(read_file(path), "old");
  }
  EXPECT_EQ(read_file(path), "old");
  EXPECT_FALSE(fs::exists(path + ".part"));
  {
    ReplacedFile file(path);
    file.write("new ");
    file.write("content");
    file.commit();
  }
  EXPECT_EQ(read_file(path), "new content");
  EXPECT_FALSE(fs::exists(path + ".part"));
}

}  // namespace
}  // namespace muster
