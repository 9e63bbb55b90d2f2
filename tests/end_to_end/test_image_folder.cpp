// A folder of images by class: trained on and evaluated, and what can be wrong with it told in one line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "muster/base/file.h"
#include "tests/support/child_process.h"
#include "tests/support/one_line_error.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using test::Ended;
using test::TemporaryFolder;
using ::testing::HasSubstr;
using Words = std::vector<std::string>;

// A PNG of one pixel.
const std::string pixel(
    "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90\x77\x53\xde\0\0\0\x0cIDAT\x78\x9c"
    "\x63"
    "\x38\x91\x62\x04\0\x03\x56\x01\x5f\xe8\x17\x84\x52\0\0\0\0IEND\xae\x42\x60\x82",
    69);

/// train/{a,b} with eight images each, val/{a,b} with three each.
class Folder {
 public:
  Folder() {
    for (const char* label : {"a", "b"}) {
      for (int i = 0; i < 8; ++i)
        write(std::string("train/") + label + "/" + std::to_string(i) + ".png", pixel);
      for (int i = 0; i < 3; ++i)
        write(std::string("val/") + label + "/" + std::to_string(i) + ".png", pixel);
    }
  }
  void write(const std::string& name, const std::string& bytes) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    write_file_atomically(path(name), bytes);
  }
  void remove(const std::string& name) const { std::filesystem::remove_all(path(name)); }
  std::string path(const std::string& name) const { return folder_ / name; }
  Ended train(const std::string& out, const Words& more = {}) const {
    Words words = {MUSTER_PROGRAM,  "train", "--task.name",   "folder", "--task.data",  folder_.path(),
                   "--task.model",  "mlp",   "--task.hidden", "8",      "--image.size", "8",
                   "--run.workers", "2",     "--task.batch",  "4",      "--run.steps",  "6",
                   "--run.threads", "1",     "--run.out",     path(out)};
    words.insert(words.end(), more.begin(), more.end());
    return test::run(words);
  }

 private:
  TemporaryFolder folder_;
};

TEST(ImageFolder, IsTrainedOnAndEvaluatedAndLoaderThreadsChangeNoBit) {
  const Folder folder;
  const Words more = {"--image.randaugment", "2", "--image.mixup", "0.2"};
  std::vector<std::string> models;
  for (const char* loaders : {"0", "1", "3"}) {
    Words words = more;
    words.insert(words.end(), {"--run.loader_threads", loaders});
    const std::string out = std::string("run") + loaders;
    const Ended ended = folder.train(out, words);
    ASSERT_EQ(ended.code, 0) << ended.err;
    models.push_back(read_file(folder.path(out + "/model.safetensors")));
  }
  EXPECT_EQ(models[1], models[0]);
  EXPECT_EQ(models[2], models[0]);
  const auto summary = nlohmann::json::parse(read_file(folder.path("run1/summary.json")));
  const Ended evaluated =
      test::run({MUSTER_PROGRAM, "evaluate", folder.path("run1/model.safetensors"), "--json"});
  ASSERT_EQ(evaluated.code, 0) << evaluated.err;
  const auto told = nlohmann::json::parse(evaluated.out);
  EXPECT_EQ(told["samples"], 6);
  EXPECT_EQ(told["test_accuracy"], summary["final_test_accuracy"]);
}

TEST(ImageFolder, BrokenFilesAreLeftOutOnRequestAndCounted) {
  const Folder folder;
  folder.write("train/b/3.png", pixel.substr(0, 50));
  folder.write("val/b/2.png", "");
  // Also as a batch of their own: in training, and as the last one of the test.
  for (const char* batch : {"4", "1"}) {
    const std::string out = std::string("run") + batch;
    const Ended ended = folder.train(out, {"--image.broken", "skip", "--task.batch", batch,
                                           "--evaluation.batch", batch, "--run.steps", "20"});
    ASSERT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(ended.out, HasSubstr("broken files left out"));
    EXPECT_THAT(ended.err,
                HasSubstr("left out: '" + folder.path("train/b/3.png") + "' is no whole PNG image"));
    EXPECT_THAT(ended.err, HasSubstr("left out: '" + folder.path("val/b/2.png") + "' is empty"));
    const auto summary = nlohmann::json::parse(read_file(folder.path(out + "/summary.json")));
    EXPECT_EQ(summary["skipped_samples"], 2);
  }
}

TEST(ImageFolder, TheStartSaysWhatIsTakenAndWhatIsLeftAlone) {
  const Folder folder;
  folder.write("train/a/more/x.PNG", pixel);
  folder.write("train/a/notes.txt", "x");
  std::filesystem::create_symlink("nowhere.png", folder.path("val/b/gone.png"));
  const Ended ended = folder.train("run");
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("training images: 17 in 2 classes of '" + folder.path("train") +
                                   "'; left alone: 1 *.txt\n"));
  EXPECT_THAT(ended.err,
              HasSubstr("test images: 6 in 2 classes of '" + folder.path("val") +
                        "'; left alone: 1 dangling link ('" + folder.path("val/b/gone.png") + "')\n"));
  const Ended refused = folder.train("other", {"--task.classes", "3"});
  test::expect_one_line_error(refused, {"task.classes = 3", "has 2 classes"});
}

struct Case {
  const char* name;
  std::function<void(const Folder&)> damage;
  Words more;
  Words told;
};

TEST(ImageFolder, WhatIsWrongIsToldInOneLine) {
  const Case cases[] = {
      {"no folder train", [](const Folder& f) { f.remove("train"); }, {}, {"train", "task.test_data"}},
      {"no test images", [](const Folder& f) { f.remove("val"); }, {}, {"val", "task.test_data"}},
      {"empty class",
       [](const Folder& f) {
         f.remove("train/b");
         std::filesystem::create_directory(f.path("train/b"));
       },
       {},
       {"train/b", "holds no image"}},
      {"unknown class", [](const Folder& f) { f.write("val/c/0.png", pixel); }, {}, {"val/c", "training"}},
      {"truncated image",
       [](const Folder& f) { f.write("train/a/0.png", pixel.substr(0, 50)); },
       {},
       {"train/a/0.png", "--image.broken skip"}},
      {"more samples than files", [](const Folder&) {}, {"--task.samples", "17"}, {"task.samples", "16"}},
      {"too few samples of a worker",
       [](const Folder&) {},
       {"--task.sampler", "dirichlet", "--task.dirichlet_alpha", "0.0001", "--run.workers", "3",
        "--task.batch", "5"},
       {"task.dirichlet_alpha", "larger alpha"}},
  };
  for (const Case& bad : cases) {
    SCOPED_TRACE(bad.name);
    const Folder folder;
    bad.damage(folder);
    const Ended ended = folder.train("run", bad.more);
    test::expect_one_line_error(ended, bad.told);
    EXPECT_FALSE(std::filesystem::exists(folder.path("run/model.safetensors")));
  }
}

}  // namespace
}  // namespace muster
