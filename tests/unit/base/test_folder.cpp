#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/folder.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

TEST(Folder, NamesAreAllOfThemAndSorted) {
  const test::TemporaryFolder folder;
  EXPECT_TRUE(names_in(folder.path()).empty());
  for (const char* name : {"b", ".hidden", "a"}) write_file_atomically(folder / name, "x");
  EXPECT_EQ(names_in(folder.path()), (std::vector<std::string>{".hidden", "a", "b"}));
}

TEST(Folder, OneThatCannotBeReadIsNamed) {
  const test::TemporaryFolder folder;
  write_file_atomically(folder / "file", "x");
  for (const std::string& path : {folder / "missing", folder / "file"}) {
    try {
      names_in(path);
      FAIL() << path << " was read";
    } catch (const FileError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("cannot read the folder '" + path + "': "));
    }
  }
}

}  // namespace
}  // namespace muster
