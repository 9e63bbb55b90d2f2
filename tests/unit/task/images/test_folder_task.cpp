#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/libtorch/tensor_vector.h"
#include "muster/task/images/folder_task.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/task/images/encoded_formats.h"

namespace muster {
namespace {

using test::encode_jpeg;
using test::encode_png;
using test::RawImage;
using test::smooth_image;
using test::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

RawImage plain(int64_t width, int64_t height, uint8_t value) {
  return {width, height, 3, std::vector<uint8_t>(static_cast<size_t>(width * height * 3), value)};
}

/// train/{ant,bee,cat} with four images each and val/ with two each; class c is of gray level 60 + 60 c.
class SmallFolder {
 public:
  SmallFolder() {
    const std::vector<std::string> names = {"ant", "bee", "cat"};
    for (size_t c = 0; c < 3; ++c) {
      const auto level = static_cast<uint8_t>(60 + 60 * c);
      for (int i = 0; i < 4; ++i) {
        const RawImage image = plain(40 + 5 * i, 60 - 7 * i, static_cast<uint8_t>(level + i));
        const std::string name = "train/" + names[c] + "/" + std::to_string(i);
        write(name + (i == 3   ? ".png"
                      : i == 2 ? ".JPEG"
                               : ".jpg"),
              i == 3 ? encode_png(image) : encode_jpeg(image));
      }
      for (int i = 0; i < 2; ++i)
        write("val/" + names[c] + "/" + std::to_string(i) + ".jpg", encode_jpeg(plain(50, 40, level)));
    }
  }
  void write(const std::string& name, const std::string& bytes) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    write_file_atomically(path(name), bytes);
  }
  void remove(const std::string& name) const { std::filesystem::remove_all(path(name)); }
  std::string path(const std::string& name) const { return folder_ / name; }
  const std::string& path() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

FolderTaskOptions small_options() {
  FolderTaskOptions options;
  options.model.network = ImageNetwork::mlp;
  options.model.hidden = {8};
  options.reader.size = 16;
  options.training.seed = 4;
  return options;
}

FolderTask make_task(const SmallFolder& folder, const FolderTaskOptions& options = small_options()) {
  return {list_image_folders(folder.path(), std::nullopt), options};
}

std::vector<int64_t> numbers(int64_t count) {
  std::vector<int64_t> all(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) all[static_cast<size_t>(i)] = i;
  return all;
}

// The gray level that a normalised image has.
double level(const at::Tensor& image, double channel_mean = 0.485, double deviation = 0.229) {
  return 255 * (image[0].mean().item<double>() * deviation + channel_mean);
}

TEST(ImageFolder, ListsClassesAndFilesByName) {
  const SmallFolder folder;
  folder.write("train/.hidden/0.jpg", "x");
  folder.write("train/ant/notes.txt", "x");
  folder.write("train/readme.jpg", "x");
  const ImageFolders found = list_image_folders(folder.path(), std::nullopt);
  EXPECT_THAT(found.train.classes, ElementsAre("ant", "bee", "cat"));
  ASSERT_EQ(found.train.size(), 12);
  EXPECT_EQ(found.train.path_of(6), folder.path("train/bee/2.JPEG"));
  EXPECT_EQ(found.train.files[6].label, 1);
  EXPECT_EQ(found.test.size(), 6);
  EXPECT_EQ(found.test.path_of(5), folder.path("val/cat/1.jpg"));
}

TEST(ImageFolder, TestImagesMayLieElsewhereAndLackClasses) {
  const SmallFolder folder;
  folder.remove("val/ant");
  const ImageFolders less = list_image_folders(folder.path(), std::nullopt);
  EXPECT_EQ(less.test.files[0].label, 1) << "numbered by the training's classes";
  EXPECT_EQ(less.test.path_of(0), folder.path("val/bee/0.jpg"));
  const ImageFolders elsewhere = list_image_folders(folder.path("train"), folder.path("val"));
  EXPECT_EQ(elsewhere.train.size(), 12);
  EXPECT_EQ(elsewhere.test.size(), 4);
  std::filesystem::rename(folder.path("val"), folder.path("test"));
  EXPECT_EQ(list_image_folders(folder.path(), std::nullopt).test.size(), 4);
}

TEST(ImageFolder, KeepsClassesAlike) {
  const SmallFolder folder;
  ImageFolder train = list_image_folder(folder.path("train"));
  keep_evenly(train, std::nullopt, "task.samples");
  EXPECT_EQ(train.size(), 12);
  keep_evenly(train, 7, "task.samples");
  std::vector<int64_t> labels;
  for (const auto& file : train.files) labels.push_back(file.label);
  EXPECT_THAT(labels, ElementsAre(0, 0, 0, 1, 1, 2, 2));
  EXPECT_EQ(train.path_of(3), folder.path("train/bee/0.jpg"));
  EXPECT_THROW(keep_evenly(train, 8, "task.samples"), OptionError);
}

struct BadFolder {
  const char* name;
  std::function<void(const SmallFolder&)> damage;
  std::vector<std::string> told;
};

TEST(ImageFolder, TellsWhatIsWrongWithAFolder) {
  const BadFolder cases[] = {
      {"missing", [](const SmallFolder& f) { f.remove(""); }, {"does not exist"}},
      {"no training images",
       [](const SmallFolder& f) { f.remove("train"); },
       {"no folder train", "task.test_data"}},
      {"no test images", [](const SmallFolder& f) { f.remove("val"); }, {"neither val nor test"}},
      {"train is a file",
       [](const SmallFolder& f) {
         f.remove("train");
         f.write("train", "x");
       },
       {"no folder train"}},
      {"no classes",
       [](const SmallFolder& f) {
         for (const char* name : {"train/ant", "train/bee", "train/cat"}) f.remove(name);
         f.write("train/0.jpg", "x");
       },
       {"/train'", "one for each class"}},
      {"a class without images",
       [](const SmallFolder& f) {
         for (const char* name : {"0.jpg", "1.jpg", "2.JPEG", "3.png"})
           f.remove(std::string("train/bee/") + name);
       },
       {"/train/bee'", "holds no image", "remove it"}},
      {"a class without training images",
       [](const SmallFolder& f) { f.write("val/dog/0.jpg", "x"); },
       {"/val/dog'", "without training images"}},
  };
  for (const BadFolder& bad : cases) {
    SCOPED_TRACE(bad.name);
    const SmallFolder folder;
    bad.damage(folder);
    try {
      list_image_folders(folder.path(), std::nullopt);
      ADD_FAILURE() << "was accepted";
    } catch (const Error& error) {
      for (const auto& part : bad.told) EXPECT_THAT(error.what(), HasSubstr(part));
    }
  }
}

TEST(ImageFolder, TellsOfAFolderThatMayNotBeRead) {
  if (::geteuid() == 0) GTEST_SKIP() << "permissions do not hold for root";
  const SmallFolder folder;
  std::filesystem::permissions(folder.path("train/bee"), std::filesystem::perms::none);
  EXPECT_THROW(list_image_folders(folder.path(), std::nullopt), FileError);
  std::filesystem::permissions(folder.path("train/bee"), std::filesystem::perms::owner_all);
}

TEST(FolderTask, MakesBatchesOfImagesAndLabels) {
  const SmallFolder folder;
  const FolderTask task = make_task(folder);
  EXPECT_EQ(task.train_size(), 12);
  EXPECT_EQ(task.test_size(), 6);
  EXPECT_THAT(task.class_names(), ElementsAre("ant", "bee", "cat"));
  EXPECT_THAT(task.train_classes(), ElementsAre(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2));
  const Batch batch = task.train_batch(std::vector<int64_t>{9, 3, 6}, 0);
  EXPECT_EQ(batch.inputs.sizes().vec(), (std::vector<int64_t>{3, 3, 16, 16}));
  EXPECT_EQ(batch.targets[0].item<int64_t>(), 2);
  EXPECT_NEAR(level(batch.inputs[0]), 181, 1.1);
  EXPECT_NEAR(level(batch.inputs[1]), 63, 0.01) << "a PNG loses nothing";
  EXPECT_NEAR(level(batch.inputs[2]), 122, 1.1);
  const Batch test = task.test_batch(2, 3);
  EXPECT_EQ(test.targets[2].item<int64_t>(), 2);
  EXPECT_NEAR(level(test.inputs[0]), 120, 1.1);
  EXPECT_EQ(task.make_model()->parameters().size(), 768 * 8 + 8 + 8 * 3 + 3);
  EXPECT_GT(task.activation_bytes(2), 0);
}

TEST(FolderTask, TrainingImagesAreAFunctionOfSeedEpochAndSample) {
  const SmallFolder folder;
  folder.write("train/ant/0.jpg", encode_jpeg(smooth_image(80, 60)));
  folder.write("train/ant/1.jpg", encode_jpeg(smooth_image(60, 80)));
  for (const int64_t operations : {0, 2}) {
    FolderTaskOptions options = small_options();
    options.reader.rand_augment.operations = operations;
    const FolderTask task = make_task(folder, options);
    const at::Tensor both = task.train_batch(std::vector<int64_t>{0, 1}, 3).inputs;
    EXPECT_TRUE(at::equal(task.train_batch(std::vector<int64_t>{1, 0}, 3).inputs[0], both[1]));
    EXPECT_FALSE(at::equal(task.train_batch(std::vector<int64_t>{0, 1}, 4).inputs, both));
    options.training.seed = 5;
    EXPECT_FALSE(
        at::equal(make_task(folder, options).train_batch(std::vector<int64_t>{0, 1}, 3).inputs, both));
    options.reader.rand_augment.operations = 2 - operations;
    options.training.seed = 4;
    EXPECT_FALSE(
        at::equal(make_task(folder, options).train_batch(std::vector<int64_t>{0, 1}, 3).inputs, both));
  }
}

TEST(FolderTask, WithoutAugmentationTrainingSeesWhatTestingSees) {
  const SmallFolder folder;
  const std::string image = encode_jpeg(smooth_image(80, 60));
  folder.write("train/ant/0.jpg", image);
  folder.write("val/ant/0.jpg", image);
  FolderTaskOptions options = small_options();
  options.reader.augment = false;
  const FolderTask task = make_task(folder, options);
  const at::Tensor test = task.test_batch(0, 1).inputs;
  for (const int64_t epoch : {0, 1})
    EXPECT_TRUE(at::equal(task.train_batch(std::vector<int64_t>{0}, epoch).inputs, test));
  EXPECT_FALSE(at::equal(make_task(folder).train_batch(std::vector<int64_t>{0}, 0).inputs, test));
}

// Resized to 36 x 18, of which columns 10 to 25 are kept: all that they are made of is bright, the rest dark.
TEST(FolderTask, TestingTakesTheCentre) {
  const SmallFolder folder;
  RawImage framed = plain(128, 64, 10);
  for (int64_t y = 0; y < 64; ++y)
    for (int64_t x = 32; x < 97; ++x)
      for (int64_t c = 0; c < 3; ++c) framed.pixels[static_cast<size_t>((y * 128 + x) * 3 + c)] = 200;
  folder.write("val/ant/0.jpg", encode_png(framed));
  const at::Tensor image = make_task(folder).test_batch(0, 1).inputs[0];
  EXPECT_NEAR(level(image), 200, 0.01);
}

// Two broken files of twelve.
void break_two(const SmallFolder& folder) {
  const std::string whole = encode_jpeg(smooth_image(60, 60));
  folder.write("train/ant/1.jpg", whole.substr(0, whole.size() / 2));
  folder.write("train/bee/0.jpg", "");
}

TEST(FolderTask, ABrokenFileIsAnErrorThatSaysWhatToDo) {
  const SmallFolder folder;
  break_two(folder);
  const FolderTask task = make_task(folder);
  EXPECT_NO_THROW(task.train_batch(std::vector<int64_t>{0, 2, 3}, 0));
  try {
    task.train_batch(numbers(12), 0);
    FAIL() << "was decoded";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr(folder.path("train/ant/1.jpg")));
    EXPECT_THAT(error.what(), HasSubstr("--image.broken skip"));
  }
}

TEST(FolderTask, ABrokenFileCanBeLeftOutAndIsCounted) {
  const SmallFolder folder;
  const Batch whole = make_task(folder).train_batch(numbers(12), 0);
  break_two(folder);
  FolderTaskOptions options = small_options();
  options.skip_broken = true;
  const FolderTask task = make_task(folder, options);
  EXPECT_EQ(task.skipped_samples(), 0);
  for (int again = 0; again < 2; ++again) {
    const Batch batch = task.train_batch(numbers(12), 0);
    EXPECT_EQ(task.skipped_samples(), 2) << "each file once";
    EXPECT_EQ(batch.size(), 12);
    for (int64_t i = 0; i < 12; ++i) {
      const int64_t from = i == 1 ? 2 : i == 4 ? 5 : i;  // the next whole one
      EXPECT_TRUE(at::equal(batch.inputs[i], whole.inputs[from])) << i;
      EXPECT_TRUE(at::equal(batch.targets[i], whole.targets[from])) << i;
    }
  }
  const Batch last_broken = task.train_batch(std::vector<int64_t>{2, 1}, 0);
  EXPECT_TRUE(at::equal(last_broken.inputs[1], last_broken.inputs[0])) << "cyclically";
  EXPECT_THAT(task.findings(),
              ElementsAre(HasSubstr("left out: '" + folder.path("train/ant/1.jpg") + "' is no whole JPEG"),
                          HasSubstr("left out: '" + folder.path("train/bee/0.jpg") + "' is empty")));
}

TEST(FolderTask, WhereABatchHoldsNoWholeImageTheNextOfTheFolderStandIn) {
  const SmallFolder folder;
  FolderTaskOptions options = small_options();
  options.skip_broken = true;
  const Batch whole = make_task(folder, options).train_batch(numbers(12), 0);
  break_two(folder);
  folder.write("train/cat/3.png", "no image");
  const FolderTask task = make_task(folder, options);
  const Batch both = task.train_batch(std::vector<int64_t>{1, 4}, 0);
  for (const int64_t i : {0, 1}) EXPECT_TRUE(at::equal(both.inputs[i], whole.inputs[2])) << i;
  const Batch last = task.train_batch(std::vector<int64_t>{11}, 0);
  EXPECT_TRUE(at::equal(last.inputs[0], whole.inputs[0])) << "cyclically";
  EXPECT_EQ(last.targets[0].item<int64_t>(), 0);
  EXPECT_EQ(task.skipped_samples(), 3);
}

TEST(FolderTask, AFolderWithoutAWholeImageIsAnError) {
  const SmallFolder folder;
  for (const char* name : {"ant", "bee", "cat"})
    for (const char* file : {"0.jpg", "1.jpg", "2.JPEG", "3.png"})
      folder.write(std::string("train/") + name + "/" + file, "no image");
  FolderTaskOptions options = small_options();
  options.skip_broken = true;
  try {
    make_task(folder, options).train_batch(std::vector<int64_t>{3}, 0);
    FAIL() << "was accepted";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("none of the 12 images"));
  }
}

TEST(FolderTask, OdditiesAreCountedAndNoError) {
  const SmallFolder folder;
  std::string surplus = encode_jpeg(plain(40, 40, 90));
  surplus.insert(surplus.size() - 2, "JUNKJUNKJUNK");  // fewer vanish among the decoder's bits
  folder.write("train/ant/0.jpg", surplus);
  folder.write("val/ant/0.jpg",
               test::with_exif(encode_jpeg(plain(40, 40, 90)), test::exif_with_orientation(6)));
  const FolderTask task = make_task(folder);
  for (const int64_t epoch : {0, 1}) task.train_batch(numbers(12), epoch);
  task.test_batch(0, 6);
  EXPECT_EQ(task.skipped_samples(), 0);
  EXPECT_THAT(task.findings(),
              ElementsAre("JPEG files with surplus bytes, which were read without them: 1",
                          HasSubstr("a rotation, which is not applied (nor by ImageFolder): 1")));
}

TEST(FolderTask, TestingLeavesBrokenFilesOutOfTheScore) {
  const SmallFolder folder;
  folder.write("val/bee/0.jpg", "\xff\xd8\xff garbage");
  EXPECT_THROW(make_task(folder).test_batch(0, 6), DataError);
  FolderTaskOptions options = small_options();
  options.skip_broken = true;
  const FolderTask task = make_task(folder, options);
  const Batch batch = task.test_batch(0, 6);
  EXPECT_EQ(batch.size(), 5);
  EXPECT_EQ(batch.targets[2].item<int64_t>(), 1);
  EXPECT_EQ(task.skipped_samples(), 1);
  const auto model = task.make_model();
  bind_initial(*model, flat_tensor(model->parameters().size()), flat_tensor(model->parameters().size()),
               flat_tensor(0));
  EXPECT_EQ(model->score(batch).samples, 5);
}

TEST(FolderTask, AFileThatIsGoneIsABrokenFile) {
  const SmallFolder folder;
  FolderTaskOptions options = small_options();
  options.skip_broken = true;
  const FolderTask task = make_task(folder, options), strict = make_task(folder);
  folder.remove("train/ant/1.jpg");
  folder.remove("val/bee");
  EXPECT_THROW(strict.train_batch(numbers(12), 0), FileError);
  EXPECT_EQ(task.train_batch(numbers(12), 0).size(), 12);
  EXPECT_EQ(task.test_batch(2, 2).size(), 0) << "nothing is left of the batch";
  EXPECT_EQ(task.skipped_samples(), 3);
}

TEST(FolderTask, SmallAndLongImagesFillTheSquare) {
  const SmallFolder folder;
  folder.write("train/ant/0.jpg", encode_jpeg(plain(1, 1, 90)));
  folder.write("train/ant/1.jpg", encode_jpeg(plain(3000, 2, 90)));
  folder.write("train/ant/2.JPEG", encode_png(plain(2, 3000, 90)));
  folder.write("val/ant/0.jpg", encode_jpeg(plain(3, 2, 90)));
  folder.write("val/ant/1.jpg", encode_jpeg(plain(2, 2000, 90)));
  const FolderTask task = make_task(folder);
  for (int64_t epoch = 0; epoch < 20; ++epoch) {
    const Batch batch = task.train_batch(std::vector<int64_t>{0, 1, 2}, epoch);
    for (int64_t i = 0; i < 3; ++i) EXPECT_NEAR(level(batch.inputs[i]), 90, 1.1);
  }
  const Batch test = task.test_batch(0, 2);
  for (int64_t i = 0; i < 2; ++i) EXPECT_NEAR(level(test.inputs[i]), 90, 1.1);
}

TEST(FolderTask, LabelNoiseReachesTrainingOnly) {
  const SmallFolder folder;
  FolderTaskOptions options = small_options();
  options.label_noise = 1;
  const FolderTask task = make_task(folder, options);
  const std::vector<int64_t> samples{0, 4, 8};
  const Batch batch = task.train_batch(samples, 0);
  for (int64_t i = 0; i < 3; ++i) EXPECT_NE(batch.targets[i].item<int64_t>(), i);
  EXPECT_THAT(task.train_classes(), ElementsAre(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2));
  EXPECT_TRUE(at::equal(task.test_batch(0, 6).targets, make_task(folder).test_batch(0, 6).targets));
}

TEST(FolderTask, RefusesWhatCannotBe) {
  const SmallFolder folder;
  FolderTaskOptions options = small_options();
  options.reader.size = 7;
  EXPECT_THROW(make_task(folder, options), OptionError);
  options = small_options();
  options.mixup = -1;
  EXPECT_THROW(make_task(folder, options), OptionError);
  options = small_options();
  options.label_noise = 2;
  EXPECT_THROW(make_task(folder, options), OptionError);
  EXPECT_THROW(make_task(folder).train_batch(std::vector<int64_t>{12}, 0), Bug);
}

}  // namespace
}  // namespace muster
