#include <gtest/gtest.h>

#include <filesystem>
#include <limits>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/flat/arithmetic.h"
#include "muster/serve/snapshot.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

State some_state() {
  State state;
  state.numbers.set("integer", std::numeric_limits<int64_t>::min());
  state.numbers.set("real", -0.1);
  const Vector thirds = test::counted(7, ElementType::float64);
  divide(thirds, 3);
  state.tensors["doubles"] = thirds;
  state.tensors["matrix"] = {test::counted(6), {2, 3}};
  state.tensors["empty"] = flat_vector(0, ElementType::byte);
  return state;
}

TEST(Snapshot, ComesBackBitForBit) {
  const test::TemporaryFolder folder;
  write_snapshot(folder / "s", some_state());
  const State found = read_snapshot(folder / "s");
  EXPECT_EQ(found.numbers, some_state().numbers);
  ASSERT_EQ(found.tensors.size(), 3U);
  for (const auto& [name, tensor] : some_state().tensors) {
    EXPECT_EQ(found.tensors.at(name).shape, tensor.shape);
    EXPECT_TRUE(same_bits(found.tensors.at(name).values, tensor.values)) << name;
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
  large.tensors["large"] = flat_vector(1000, ElementType::float64);
  {
    const test::FileSizeLimit limit(4000);
    EXPECT_THROW(write_snapshot(folder / "s", large), FileError);
  }
  EXPECT_EQ(read_snapshot(folder / "s").tensors.size(), 3U);
  EXPECT_FALSE(std::filesystem::exists(folder / "s.part"));
}

}  // namespace
}  // namespace muster
