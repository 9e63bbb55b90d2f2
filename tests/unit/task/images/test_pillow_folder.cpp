// A folder of images as people have them, beside what Pillow and torchvision's ImageFolder make of it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/task/images/image_file.h"
#include "muster/task/images/image_folder.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using ::testing::HasSubstr;

constexpr const char* python = "/usr/bin/python3";

std::array<double, 3> mean_colour(const std::string& path) {
  const std::string file = read_file(path);
  const auto image = open_image(file, path);
  PixelBlock block;
  image->read({0, 0, image->width(), image->height()}, 1, block);
  std::array<double, 3> sum{};
  for (size_t i = 0; i < block.pixels.size(); ++i) sum[i % 3] += block.pixels[i];
  for (double& colour : sum) colour /= static_cast<double>(block.pixels.size()) / 3;
  return sum;
}

TEST(PillowFolder, ClassesLabelsAndColoursAreThoseOfImageFolder) {
  if (std::system(fmt::format("{} -c 'import PIL, numpy' 2>/dev/null", python).c_str()) != 0)
    GTEST_SKIP() << python << " has no PIL or numpy (python3-pil, python3-numpy)";
  const test::TemporaryFolder folder;
  const std::string make =
      fmt::format("{} {}/tests/unit/task/images/pillow_folder.py {}", python, MUSTER_SOURCE, folder.path());
  ASSERT_EQ(std::system(make.c_str()), 0);
  const auto expected = nlohmann::json::parse(read_file(folder / "expected.json"));
  std::set<std::string> unreadable(expected["unreadable"].begin(), expected["unreadable"].end());

  const ImageFolder found = list_image_folder(folder / "images");
  EXPECT_EQ(found.classes, expected["classes"]);
  EXPECT_THAT(found.left_alone.text(), HasSubstr("1 *.txt"));
  EXPECT_THAT(found.left_alone.text(), HasSubstr("1 dangling link"));
  EXPECT_THAT(found.left_alone.text(), HasSubstr("1 hidden file"));
  size_t next = 0;  // of the files that Pillow reads
  for (int64_t i = 0; i < found.size(); ++i) {
    const std::string path = found.path_of(i), inner = path.substr((folder / "images/").size());
    SCOPED_TRACE(inner);
    if (unreadable.erase(inner) == 1) {
      EXPECT_THROW(mean_colour(path), DataError);
      continue;
    }
    ASSERT_LT(next, expected["files"].size());
    const auto& file = expected["files"][next++];
    ASSERT_EQ(inner, file["path"]);
    EXPECT_EQ(found.files[static_cast<size_t>(i)].label, file["label"]);
    const std::array<double, 3> colour = mean_colour(path);
    for (size_t c = 0; c < 3; ++c) EXPECT_NEAR(colour[c], file["mean"][c].get<double>(), 2);
  }
  EXPECT_EQ(next, expected["files"].size());
  EXPECT_TRUE(unreadable.empty());
}

}  // namespace
}  // namespace muster
