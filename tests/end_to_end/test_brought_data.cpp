// Data that a user brings: taken, or refused with the cure, and noticed when they change under a run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "muster/base/file.h"
#include "muster/base/stopwatch.h"
#include "tests/support/child_process.h"
#include "tests/support/one_line_error.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using test::ChildProcess;
using test::Ended;
using test::expect_one_line_error;
using test::TemporaryFolder;
using ::testing::HasSubstr;

using Words = std::vector<std::string>;

std::string repeated(const std::string& line, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += line;
  return text;
}

Words with(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

Words train_on_text(const std::string& file, const std::string& out, const std::string& steps) {
  return {MUSTER_PROGRAM,  "train", "--task.name",  "text", "--task.data",    file,  "--gpt.layers",  "1",
          "--gpt.width",   "8",     "--gpt.heads",  "2",    "--text.context", "8",   "--run.workers", "2",
          "--run.threads", "1",     "--task.batch", "4",    "--run.steps",    steps, "--run.out",     out};
}

/// Waits until the run has told of its first round.
bool trains(const std::string& out) {
  for (const Stopwatch watch; watch.seconds() < 60;
       std::this_thread::sleep_for(std::chrono::milliseconds(20))) {
    std::error_code missing;
    const auto size = std::filesystem::file_size(out + "/metrics.jsonl", missing);
    if (!missing && size > 0) return true;
  }
  return false;
}

TEST(BroughtData, ATextThatIsShortenedEndsTheRunWithACheckpointAndExchangedDataAreRefused) {
  const TemporaryFolder folder;
  const std::string text = folder / "text.txt", moved = folder / "moved.txt", out = folder / "run";
  const std::string words = repeated("the king and a thing\n\n", 2000);
  write_file_atomically(text, words);
  ChildProcess run(train_on_text(text, out, "1000000"));
  ASSERT_TRUE(trains(out));
  std::filesystem::resize_file(text, 100);
  const Ended ended = run.wait();
  expect_one_line_error(ended, {"'" + text + "' has 100 bytes now", "was shortened", "checkpoint of step"});

  std::string others = words;
  others[30000] = '!';
  write_file_atomically(text, others);
  const Words resume = {MUSTER_PROGRAM, "train", out + "/config.toml", "--run.resume"};
  expect_one_line_error(test::run(resume), {" data (44,000 bytes, checksum"});
  write_file_atomically(text, words.substr(0, 22000));
  expect_one_line_error(test::run(resume), {"in a run with other ", "now 22,000 bytes"});

  write_file_atomically(moved, words);
  ChildProcess again(with(resume, {"--task.data", moved}));
  EXPECT_TRUE(again.wait_to_say("resuming from", 60));
  again.send(SIGTERM);
  EXPECT_EQ(again.wait().code, 143);
}

TEST(BroughtData, PipesAndPackedFilesAreRefusedAtOnce) {
  const TemporaryFolder folder;
  const std::string pipe = folder / "pipe", packed = folder / "packed";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  write_file_atomically(packed, std::string("\x1F\x8B\x08\0\0\0\0\0\0\x03..........", 20));
  const auto on = [&](const std::string& task, const std::string& data) {
    return test::run({MUSTER_PROGRAM, "train", "--task.name", task, "--task.data", data, "--text.vocabulary",
                      task == "text" ? "256" : "50", "--run.out", folder / "run"});
  };
  for (const char* task : {"text", "tokens"}) {
    expect_one_line_error(on(task, pipe), {"a pipe"});
    expect_one_line_error(on(task, packed), {"unpack it with gunzip"});
  }
  const Words images = {MUSTER_PROGRAM, "train", "--run.out", folder / "run", "--task.name"};
  for (const char* task : {"cifar10", "folder"}) {
    expect_one_line_error(test::run(with(images, {task, "--task.data", pipe})), {"is not a folder"});
    expect_one_line_error(test::run(with(images, {task, "--task.data", packed})), {"gunzip"});
  }
}

TEST(BroughtData, OfCifarTheNumberOfClassesMustBeThatOfTheFiles) {
  const TemporaryFolder folder;
  for (const char* name : {"data_batch_1.bin", "test_batch.bin"})
    write_file_atomically(folder / name, std::string(static_cast<size_t>(3073 * 8), '\1'));
  const Words train = {MUSTER_PROGRAM, "train", "--task.name",   "cifar10",     "--task.data",  folder.path(),
                       "--task.model", "mlp",   "--run.workers", "2",           "--task.batch", "2",
                       "--run.steps",  "2",     "--run.out",     folder / "run"};
  expect_one_line_error(test::run(with(train, {"--task.classes", "100"})),
                        {"task.classes = 100", "has 10 classes"});
  const Ended ended = test::run(train);
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("training images: 8 in 10 classes of data_batch_1.bin in '" +
                                   folder.path() + "' (CIFAR-10 has 50,000)\n"));
}

TEST(BroughtData, DocumentsMayEndWithCarriageReturns) {
  const TemporaryFolder folder;
  const std::string text = folder / "text.txt";
  write_file_atomically(text, "\xEF\xBB\xBF" + repeated("the king\r\nand a thing\r\n\r\n", 100));
  const Ended ended =
      test::run(with(train_on_text(text, folder / "run", "4"), {"--task.sampler", "by_document"}));
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("in 90 documents"));
  EXPECT_THAT(ended.err, HasSubstr("left out: the byte order mark"));
}

}  // namespace
}  // namespace muster
