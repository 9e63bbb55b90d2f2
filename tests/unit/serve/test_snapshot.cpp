#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/serve/snapshot.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

State some_state() {
  State state;
  state.numbers.set("integer", std::numeric_limits<int64_t>::min());
  state.numbers.set("real", -0.1);
  state.tensors["doubles"] = at::arange(7, at::kDouble) / 3;
  state.tensors["matrix"] = at::arange(6, at::kFloat).view({2, 3});
  state.tensors["empty"] = at::empty({0}, at::kByte);
  return state;
}

TEST(Snapshot, ComesBackBitForBit) {
  const test::TemporaryFolder folder;
  write_snapshot(folder / "s", some_state());
  const State found = read_snapshot(folder / "s");
  EXPECT_EQ(found.numbers, some_state().numbers);
  ASSERT_EQ(found.tensors.size(), 3U);
  for (const auto& [name, tensor] : some_state().tensors) {
    EXPECT_EQ(found.tensors.at(name).sizes(), tensor.sizes());
    EXPECT_TRUE(found.tensors.at(name).equal(tensor)) << name;
  }
}

TEST(Snapshot, DamageAnywhereIsFound) {
  const test::TemporaryFolder folder;
  write_snapshot(folder / "s", some_state());
  const std::string whole = read_file(folder / "s");
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    write_file_atomically(folder / "d", damaged);
    EXPECT_THROW(read_snapshot(folder / "d"), CheckpointError) << at;
    write_file_atomically(folder / "d", whole.substr(0, at));
    EXPECT_THROW(read_snapshot(folder / "d"), CheckpointError) << at;
  }
  EXPECT_THROW(read_snapshot(folder / "none"), FileError);
  write_file_atomically(folder / "old", "MUSTERS1" + whole.substr(8));
  EXPECT_THROW(read_snapshot(folder / "old"), DataError) << "another version is no damage";
}

TEST(Snapshot, AFullDiskLeavesTheOldOne) {
  const test::TemporaryFolder folder;
  write_snapshot(folder / "s", some_state());
  State large = some_state();
  large.tensors["large"] = at::zeros({1000}, at::kDouble);
  {
    const test::FileSizeLimit limit(4000);
    EXPECT_THROW(write_snapshot(folder / "s", large), FileError);
  }
  EXPECT_EQ(read_snapshot(folder / "s").tensors.size(), 3U);
  EXPECT_FALSE(std::filesystem::exists(folder / "s.part"));
}

}  // namespace
}  // namespace muster
