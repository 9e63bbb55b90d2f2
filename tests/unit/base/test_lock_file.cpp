#include <gtest/gtest.h>

#include <filesystem>

#include "muster/base/error.h"
#include "muster/base/lock_file.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

TEST(LockFile, OneAtATime) {
  const test::TemporaryFolder folder;
  {
    const LockFile one(folder / "lock");
    EXPECT_EQ(one.try_to_lock(), LockFile::Outcome::taken);
    EXPECT_EQ(LockFile(folder / "lock").try_to_lock(), LockFile::Outcome::busy);
  }
  EXPECT_EQ(LockFile(folder / "lock").try_to_lock(), LockFile::Outcome::taken);
}

TEST(LockFile, HoldsAText) {
  const test::TemporaryFolder folder;
  const LockFile lock(folder / "lock");
  lock.set_text("a long text");
  lock.set_text("short");
  EXPECT_EQ(LockFile(folder / "lock").text(), "short");
}

TEST(LockFile, KnowsWhetherItStillStandsInItsPlace) {
  const test::TemporaryFolder folder;
  const LockFile lock(folder / "lock"), other(folder / "other");
  EXPECT_TRUE(lock.in_place());
  std::filesystem::rename(folder / "other", folder / "lock");
  EXPECT_FALSE(lock.in_place());
  std::filesystem::remove(folder / "lock");
  EXPECT_FALSE(lock.in_place());
}

TEST(LockFile, NoSymbolicLink) {
  const test::TemporaryFolder folder;
  std::filesystem::create_symlink("elsewhere", folder / "lock");
  EXPECT_THROW(LockFile(folder / "lock"), FileError);
  EXPECT_FALSE(std::filesystem::exists(folder / "elsewhere"));
  EXPECT_THROW(LockFile(folder / "none/lock"), FileError);
}

}  // namespace
}  // namespace muster
