#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <thread>

#include "muster/app/options/input_text.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using ::testing::HasSubstr;

class InputText : public testing::Test {
 protected:
  void TearDown() override { ::unsetenv(inputs_variable); }
  std::string refused(const std::string& path) const {
    try {
      input_text("CONFIG", path);
    } catch (const OptionError& error) {
      return error.what();
    }
    return "(nothing was refused)";
  }
  const test::TemporaryFolder folder_;
};

TEST_F(InputText, AHeldFileStaysAsItWasRead) {
  const std::string path = folder_ / "a b\nc\\d";
  write_file_atomically(path, "first");
  EXPECT_EQ(input_text("CONFIG", path), "first");
  EXPECT_EQ(held_text(path), std::nullopt) << "a file can be read again";
  hold_input("CONFIG", path);
  write_file_atomically(path, "second");
  hold_input("CONFIG", path);
  EXPECT_EQ(held_text(path), "first");
  EXPECT_EQ(input_text("CONFIG", path), "first");
  EXPECT_EQ(input_text("CONFIG", path), "first");
  write_file_atomically(folder_ / "other", "other");
  hold_input("CONFIG", folder_ / "other");
  EXPECT_EQ(input_text("CONFIG", folder_ / "other"), "other");
  EXPECT_EQ(input_text("CONFIG", path), "first");
}

TEST_F(InputText, AFifoIsReadOnceAndAnsweredForEver) {
  const std::string path = folder_ / "fifo", long_text(300'000, 'x');
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_FALSE(can_be_read_again(path));
  std::thread writer([&] {
    const int out = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    std::string_view rest = long_text;
    while (!rest.empty()) rest.remove_prefix(static_cast<size_t>(::write(out, rest.data(), rest.size())));
    ::close(out);
  });
  EXPECT_EQ(input_text("CONFIG", path), long_text);
  writer.join();
  EXPECT_TRUE(can_be_read_again(path));
  EXPECT_EQ(input_text("CONFIG", path), long_text);
}

TEST_F(InputText, AForeignDescriptorOfThatNumberIsNotTaken) {
  const std::string path = folder_ / "file";
  write_file_atomically(path, "own");
  ::setenv(inputs_variable, ("2 1 " + path + "\nnonsense\n99999 5 " + path + "\n").c_str(), 1);
  EXPECT_EQ(input_text("CONFIG", path), "own");
}

TEST_F(InputText, SaysWhatCannotBeRead) {
  EXPECT_THAT(refused(folder_ / "missing"), HasSubstr("No such file"));
  EXPECT_THAT(refused(folder_.path()), HasSubstr("is a folder"));
  write_file_atomically(folder_ / "config.toml", "");
  EXPECT_THAT(refused(folder_.path()), HasSubstr("config.toml"));
  EXPECT_THAT(refused("/dev/zero"), HasSubstr("MiB"));
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  ::close(ends[1]);
  EXPECT_THAT(refused("/dev/fd/" + std::to_string(ends[0])), HasSubstr("nothing came"));
  ::close(ends[0]);
}

}  // namespace
}  // namespace muster
