#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "muster/app/options/resolve.h"
#include "muster/app/options/run_configuration.h"
#include "muster/base/file.h"
#include "tests/support/built_in.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

TEST(RunConfiguration, IsThatOfTheFolderOfARun) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "config.toml";
  write_file_atomically(path, "[run]\nout = \"runs/elsewhere\"\nsteps = 8\n[task]\nhidden = [3]\n");
  EXPECT_EQ(folder_of_run(path), std::nullopt) << "no run has been here";
  EXPECT_EQ(resolve(catalogue, path, {}).run.out, "runs/elsewhere");
  write_file_atomically(folder / ".lock", "");
  EXPECT_EQ(folder_of_run(path), folder.path());
  EXPECT_EQ(resolve(catalogue, path, {}).run.out, folder.path());
  EXPECT_EQ(resolve(catalogue, path, {{"run.out", "said"}}).run.out, "said");
  write_file_atomically(folder / "other.toml", read_file(path));
  EXPECT_EQ(resolve(catalogue, folder / "other.toml", {}).run.out, "runs/elsewhere");
}

TEST(RunConfiguration, KeepsTheNameThatItHasForItsFolder) {
  const test::TemporaryFolder folder;
  const std::string own = folder.path() + "/.";
  write_file_atomically(folder / "config.toml", "[run]\nout = \"" + own + "\"\n");
  write_file_atomically(folder / "summary.json", "");
  EXPECT_EQ(resolve(catalogue, folder / "config.toml", {}).run.out, own);
}

TEST(RunConfiguration, NamesItsInputsFromTheRoot) {
  const test::TemporaryFolder folder;
  const auto before = std::filesystem::current_path();
  write_file_atomically(folder / "data.txt", "");
  write_file_atomically(folder / "bytes", "");
  std::filesystem::current_path(folder.path());
  Configuration configuration;
  configuration.task.data = "./data.txt";
  configuration.task.test_data = "missing";
  configuration.run.start_from = "/absolute";
  const Configuration absolute = with_absolute_paths(catalogue, configuration);
  const std::string here = std::filesystem::current_path().string();
  std::filesystem::current_path(before);
  EXPECT_EQ(absolute.task.data, here + "/data.txt");
  EXPECT_EQ(absolute.task.test_data, "missing");
  EXPECT_EQ(absolute.run.start_from, "/absolute");
  EXPECT_EQ(absolute.text.tokenizer, "bytes") << "the word, not the file of that name";
}

TEST(RunConfiguration, SaysHowToGoOnInAShell) {
  EXPECT_EQ(resume_command("train", "runs/1"), "muster train runs/1");
  EXPECT_EQ(resume_command("serve", "my run's"), "muster serve 'my run'\\''s'");
}

}  // namespace
}  // namespace muster
