#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

size_t files_in(const std::string& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const FileError& error) {
    return error.what();
  }
  return "no FileError";
}

TEST(File, WrittenIsReadBack) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "file";
  const std::string content = std::string("a\0b\n", 4) + std::string(3 << 20, 'x');
  write_file_atomically(path, content);
  EXPECT_EQ(read_file(path), content);
  write_file_atomically(path, "");
  EXPECT_EQ(read_file(path), "");
  EXPECT_EQ(files_in(folder.path()), 1u);
}

TEST(File, FullDiskLeavesTheOldContent) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "file";
  write_file_atomically(path, "old");
  {
    const test::FileSizeLimit full(1000);
    EXPECT_THAT(message_of([&] { write_file_atomically(path, std::string(5000, 'x')); }), HasSubstr(path));
  }
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(files_in(folder.path()), 1u);
}

TEST(File, ALinkBesideThePlaceIsNotWrittenThrough) {
  const test::TemporaryFolder folder;
  write_file_atomically(folder / "other", "untouched");
  fs::create_symlink(folder / "other", folder / "file.part");
  write_file_atomically(folder / "file", "new");
  EXPECT_EQ(read_file(folder / "file"), "new");
  EXPECT_EQ(read_file(folder / "other"), "untouched");
  EXPECT_FALSE(fs::is_symlink(fs::symlink_status(folder / "file.part")));
}

TEST(File, DigestIsLengthAndChecksumOfTheContent) {
  const test::TemporaryFolder folder;
  const std::string content(3 << 20, 'x');
  write_file_atomically(folder / "file", content);
  Checksum checksum;
  checksum.add(content.data(), content.size());
  EXPECT_EQ(digest_of_file(folder / "file"), (FileDigest{3 << 20, checksum.value()}));
  EXPECT_THAT(message_of([&] { digest_of_file(folder / "none"); }), HasSubstr("none"));
}

TEST(File, IsThereOrNotOrCannotBeLookedAt) {
  const test::TemporaryFolder folder;
  write_file_atomically(folder / "file", "");
  EXPECT_TRUE(is_there(folder / "file"));
  EXPECT_TRUE(is_there(folder.path()));
  EXPECT_FALSE(is_there(folder / "none"));
  EXPECT_FALSE(is_there(folder / "file/below"));
  fs::create_symlink(folder / "none", folder / "dangling");
  EXPECT_FALSE(is_there(folder / "dangling"));
  fs::create_symlink(folder / "loop", folder / "loop");
  EXPECT_THAT(message_of([&] { is_there(folder / "loop"); }), HasSubstr("loop"));
}

TEST(File, FailedRenameLeavesNoRemains) {
  const test::TemporaryFolder folder;
  fs::create_directories(folder / "taken/inside");
  EXPECT_THROW(write_file_atomically(folder / "taken", "x"), FileError);
  EXPECT_EQ(files_in(folder.path()), 1u);
}

TEST(File, ErrorsNameThePathAndTheReason) {
  const test::TemporaryFolder folder;
  EXPECT_THAT(message_of([&] { read_file(folder / "none"); }),
              testing::AllOf(HasSubstr(folder / "none"), HasSubstr("No such file")));
  EXPECT_THAT(message_of([&] { read_file(folder.path()); }), HasSubstr("Is a directory"));
  EXPECT_THAT(message_of([&] { write_file_atomically(folder / "none/file", "x"); }),
              HasSubstr("No such file"));
  EXPECT_THAT(message_of([&] { sync_to_disk(folder / "none"); }), HasSubstr("No such file"));
}

}  // namespace
}  // namespace muster
