#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "muster/base/error.h"
#include "muster/task/images/cifar.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// One record: label bytes, then pixels first, first + 1, ... modulo 251.
std::string record(const std::string& labels, int first) {
  std::string bytes = labels;
  for (int i = 0; i < 3072; ++i) bytes += static_cast<char>((first + i) % 251);
  return bytes;
}

class CifarFiles : public ::testing::Test {
 protected:
  CifarFiles() {
    std::string pattern = (fs::temp_directory_path() / "muster_cifar_XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~CifarFiles() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ / name, std::ios::binary) << content;
  }

  template <class Kind>
  std::string refusal() const {
    try {
      load_cifar(folder_.string());
    } catch (const Kind& error) {
      const std::string message = error.what();
      EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 0);
      return message;
    }
    ADD_FAILURE() << "nothing was refused";
    return {};
  }

  fs::path folder_;
};

const std::string label(int value) { return std::string(1, static_cast<char>(value)); }

TEST_F(CifarFiles, ReadsAnyNumberOfBatchesInNaturalOrder) {
  write("data_batch_1.bin", record(label(1), 0) + record(label(2), 50));
  for (int batch = 2; batch <= 9; ++batch)
    write(fmt::format("data_batch_{}.bin", batch), record(label(batch), 0));
  write("data_batch_10.bin", record(label(9), 100));
  write("test_batch.bin", record(label(7), 3));
  write("readme.bin", "not a batch");
  const ImageSets sets = load_cifar(folder_.string());
  EXPECT_EQ(sets.train.labels, (std::vector<int64_t>{1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 9}));
  EXPECT_EQ(sets.train.classes, 10);
  EXPECT_EQ(sets.train.image(1)[0], 50);
  EXPECT_EQ(sets.train.image(10)[3071], (100 + 3071) % 251);
  EXPECT_EQ(sets.train.source, "data_batch_1.bin to data_batch_10.bin in '" + folder_.string() +
                                   "' (2 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1; CIFAR-10 has 50,000)");
  EXPECT_EQ(sets.test.labels, (std::vector<int64_t>{7}));
  EXPECT_EQ(sets.test.image(0)[1024], (3 + 1024) % 251);
}

TEST_F(CifarFiles, ReadsTheFormOfHundredClasses) {
  write("train.bin", record(label(19) + label(99), 5) + record(label(0) + label(0), 6));
  write("test.bin", record(label(3) + label(42), 7));
  const ImageSets sets = load_cifar(folder_.string());
  EXPECT_EQ(sets.train.classes, 100);
  EXPECT_EQ(sets.train.labels, (std::vector<int64_t>{99, 0}));
  EXPECT_EQ(sets.test.labels, (std::vector<int64_t>{42}));
  EXPECT_EQ(sets.train.image(1)[0], 6);
}

TEST_F(CifarFiles, NamesWhatIsMissing) {
  EXPECT_THAT(refusal<FileError>(), HasSubstr("data_batch_*.bin"));
  write("data_batch_1.bin", record(label(0), 0));
  EXPECT_THAT(refusal<FileError>(), HasSubstr("test_batch.bin"));
  fs::remove_all(folder_);
  EXPECT_THAT(refusal<FileError>(), HasSubstr("does not exist"));
  std::ofstream(folder_) << "a file";
  EXPECT_THAT(refusal<FileError>(), HasSubstr("is not a folder"));
}

TEST_F(CifarFiles, RefusesTruncatedAndEmptyFiles) {
  write("test_batch.bin", record(label(0), 0));
  write("data_batch_1.bin", record(label(0), 0) + record(label(0), 0).substr(0, 100));
  const std::string message = refusal<DataError>();
  EXPECT_THAT(message, HasSubstr("data_batch_1.bin"));
  EXPECT_THAT(message, HasSubstr("3173 bytes"));
  EXPECT_THAT(message, HasSubstr("3073"));
  write("data_batch_1.bin", "");
  EXPECT_THAT(refusal<DataError>(), HasSubstr("is empty"));
}

TEST_F(CifarFiles, RefusesAGapAmongTheBatches) {
  write("test_batch.bin", record(label(0), 0));
  write("data_batch_1.bin", record(label(0), 0));
  write("data_batch_3.bin", record(label(0), 0));
  EXPECT_THAT(refusal<DataError>(), HasSubstr("data_batch_3.bin, but no data_batch_2.bin"));
  fs::rename(folder_ / "data_batch_1.bin", folder_ / "data_batch_2.bin");
  EXPECT_THAT(refusal<DataError>(), HasSubstr("no data_batch_1.bin"));
  write("data_batch_01.bin", record(label(0), 0));
  write("data_batch_1.bin", record(label(0), 0));
  EXPECT_THAT(refusal<DataError>(), HasSubstr("batch 1 twice"));
}

TEST_F(CifarFiles, RefusesWhatIsNotUnpackedOrNoFile) {
  const std::string gzip("\x1F\x8B\x08\0\0\0\0\0\0\x03..........", 20);
  write("cifar-10-binary.tar.gz", gzip);
  EXPECT_THAT(refusal<DataError>(), HasSubstr("cifar-10-binary.tar.gz' is compressed by gzip; unpack it"));
  fs::remove(folder_ / "cifar-10-binary.tar.gz");
  write("data_batch_1", "pickled");
  EXPECT_THAT(refusal<FileError>(), HasSubstr("Python version"));
  write("test_batch.bin", record(label(0), 0));
  write("data_batch_1.bin", gzip);
  EXPECT_THAT(refusal<DataError>(), HasSubstr("gunzip"));
  fs::remove(folder_ / "data_batch_1.bin");
  ASSERT_EQ(::mkfifo((folder_ / "data_batch_1.bin").c_str(), 0600), 0);
  EXPECT_THAT(refusal<FileError>(), HasSubstr("a pipe"));
}

TEST_F(CifarFiles, RefusesLabelsOutOfRange) {
  write("data_batch_1.bin", record(label(9), 0));
  write("test_batch.bin", record(label(3), 0) + record(label(10), 0));
  EXPECT_THAT(refusal<DataError>(), HasSubstr("record 1 has label 10; labels must be 0 to 9"));
  fs::remove(folder_ / "data_batch_1.bin");
  write("train.bin", record(label(20) + label(5), 0));
  write("test.bin", record(label(1) + label(5), 0));
  EXPECT_THAT(refusal<DataError>(), HasSubstr("coarse label 20"));
  write("train.bin", record(label(1) + label(100), 0));
  EXPECT_THAT(refusal<DataError>(), HasSubstr("label 100; labels must be 0 to 99"));
}

// The real images, where MUSTER_TEST_DATA says that they are.
TEST(CifarData, RealImagesLookLikeCifar) {
  const char* given = std::getenv("MUSTER_TEST_DATA");
  if (!given) GTEST_SKIP() << "MUSTER_TEST_DATA does not name a folder that holds cifar-10-batches-bin";
  const fs::path root = given;
  const fs::path folder = root / "cifar-10-batches-bin";
  if (!fs::exists(folder)) GTEST_SKIP() << "no CIFAR-10 files at " << folder.string();
  const ImageSets sets = load_cifar(folder.string());
  EXPECT_GE(sets.train.size(), 10000);
  EXPECT_GE(sets.test.size(), 5000);
  std::vector<int64_t> per_class(10);
  for (const int64_t one : sets.train.labels) ++per_class[static_cast<size_t>(one)];
  for (const int64_t count : per_class)
    EXPECT_NEAR(static_cast<double>(count), sets.train.size() / 10.0, 200);
  // Channel means of CIFAR-10: .4914, .4822, .4465.
  const double expected[] = {0.4914, 0.4822, 0.4465};
  for (int64_t c = 0; c < 3; ++c) {
    double sum = 0;
    for (int64_t i = 0; i < sets.train.size(); ++i)
      for (int64_t p = 0; p < 1024; ++p) sum += sets.train.image(i)[c * 1024 + p];
    EXPECT_NEAR(sum / (255.0 * 1024 * static_cast<double>(sets.train.size())), expected[c], 0.01);
  }
}

}  // namespace
}  // namespace muster
