// What results of `muster reproduce` are kept by: digests of program, configurations and data.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "muster/app/reproduce/reproduction_key.h"
#include "muster/base/error.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

void write(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::trunc) << text;
}

TEST(ReproductionKey, AProgramIsKnownByTheSourcesThatItCarries) {
  const test::TemporaryFolder folder;
  const std::string program = folder / "program";
  write(program, "code muster-sources: more code muster-sources:0123456789abcdef and claims");
  EXPECT_EQ(program_digest(program), "0123456789abcdef");
  write(program, "code muster-sources: more code muster-sources:0123456789abcdef and other claims");
  EXPECT_EQ(program_digest(program), "0123456789abcdef");
  write(program, "no digest");
  const std::string whole = program_digest(program);
  EXPECT_EQ(whole.size(), 16U);
  write(program, "no digest.");
  EXPECT_NE(program_digest(program), whole);
  EXPECT_THROW(program_digest(folder / "none"), FileError);
}

TEST(ReproductionKey, AFolderIsItsNamesAndContents) {
  const test::TemporaryFolder folder;
  write(folder / "data/a/one", "1");
  write(folder / "data/b", "2");
  const std::string before = input_digest(folder / "data");
  EXPECT_EQ(input_digest(folder / "data"), before);
  write(folder / "data/b", "3");
  const std::string changed = input_digest(folder / "data");
  EXPECT_NE(changed, before);
  std::filesystem::rename(folder / "data/b", folder / "data/c");
  EXPECT_NE(input_digest(folder / "data"), changed);
}

TEST(ReproductionKey, ACommandIsKeptByWhatItUses) {
  const test::TemporaryFolder folder;
  write(folder / "muster", "muster-sources:0123456789abcdef");
  write(folder / "out/configs/one.toml", "a = 1");
  write(folder / "data/text", "words");
  ReproduceRequest request;
  request.folder = folder / "out";
  request.data = folder / "data";
  const PlannedCommand study = planned_command(
      "run", "run-1", "study teacher --x {configs}/one.toml --y {data}/text --z {out}", request);
  const auto key = ResultKeys(folder / "muster").of(study);
  EXPECT_EQ(key.at("muster"), "0123456789abcdef");
  ASSERT_EQ(key.size(), 3U);  // and no engine: a study runs without it
  EXPECT_EQ(key.at("configs/one.toml"), input_digest(folder / "out/configs/one.toml"));
  write(folder / "out/configs/one.toml", "a = 2");
  EXPECT_NE(ResultKeys(folder / "muster").of(study), key);
  // Where the folders lie does not matter.
  EXPECT_EQ(study.kept_by[3], "{configs}/one.toml");
  EXPECT_EQ(study.words[3], folder / "out/configs/one.toml");
}

}  // namespace
}  // namespace muster
