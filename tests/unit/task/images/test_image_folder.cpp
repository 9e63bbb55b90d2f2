// Which files of a folder are images, in which order, and what is said of the others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/task/images/data_digest.h"
#include "muster/task/images/image_folder.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using test::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Files {
 public:
  void write(const std::string& name, const std::string& bytes = "x") const {
    std::filesystem::create_directories(std::filesystem::path(folder_ / name).parent_path());
    write_file_atomically(folder_ / name, bytes);
  }
  void link(const std::string& to, const std::string& name) const {
    std::filesystem::create_symlink(to, folder_ / name);
  }
  std::string operator/(const std::string& name) const { return folder_ / name; }
  const std::string& path() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

std::vector<std::string> names(const ImageFolder& folder) {
  std::vector<std::string> all;
  for (const auto& file : folder.files)
    all.push_back(folder.classes[static_cast<size_t>(file.label)] + "/" + file.name);
  return all;
}

// torchvision's order: folders by their whole path, then names.
TEST(ImageFolders, TakeEveryEndingAtEveryDepthInImageFoldersOrder) {
  const Files files;
  for (const char* name : {"b/z.JPG", "b/a.webp", "a/sub/deep/1.png", "a/sub/2.TIFF", "a/sub b/3.bmp",
                           "a/x.ppm", "a/y.pgm", "a/w.tif", "a/v.jpeg"})
    files.write(name);
  const ImageFolder folder = list_image_folder(files.path());
  EXPECT_THAT(folder.classes, ElementsAre("a", "b"));
  EXPECT_THAT(names(folder), ElementsAre("a/v.jpeg", "a/w.tif", "a/x.ppm", "a/y.pgm", "a/sub/2.TIFF",
                                         "a/sub b/3.bmp", "a/sub/deep/1.png", "b/a.webp", "b/z.JPG"));
  EXPECT_EQ(folder.path_of(6), files / "a/sub/deep/1.png");
  EXPECT_TRUE(folder.left_alone.empty());
  EXPECT_EQ(introduction_of(folder, "training"), "training images: 9 in 2 classes of '" + files.path() + "'");
}

TEST(ImageFolders, LinksAreFollowedButNotInCircles) {
  const Files files, elsewhere;
  elsewhere.write("more/1.jpg");
  elsewhere.write("one.png");
  files.write("a/0.jpg");
  files.link(elsewhere / "more", "a/linked");
  files.link(elsewhere / "one.png", "a/9.png");
  files.link(elsewhere.path(), "b");
  files.link(files / "a", "a/again");
  files.link("..", "a/up");
  files.link("nowhere.jpg", "a/gone.jpg");
  files.link("itself", "a/itself");
  const ImageFolder folder = list_image_folder(files.path());
  EXPECT_THAT(names(folder), ElementsAre("a/0.jpg", "a/9.png", "a/linked/1.jpg", "a/up/b/one.png",
                                         "a/up/b/more/1.jpg", "b/one.png", "b/more/1.jpg"));
  EXPECT_THAT(folder.left_alone.text(), HasSubstr("2 dangling links ('" + files.path()));
  EXPECT_THAT(folder.left_alone.text(), HasSubstr("links to folders above them"));
}

TEST(ImageFolders, WhatIsLeftAloneIsCounted) {
  const Files files;
  for (const char* name : {"a/1.jpg", "a/._1.jpg", "a/.thumbs/2.jpg", "a/notes.txt", "a/sub/notes.TXT",
                           "a/clip.gif", "a/README", "beside.png", "labels.csv", ".DS_Store"})
    files.write(name);
  ASSERT_EQ(::mkfifo((files / "a/pipe.jpg").c_str(), 0600), 0);
  const ImageFolder folder = list_image_folder(files.path());
  EXPECT_THAT(names(folder), ElementsAre("a/1.jpg"));
  EXPECT_EQ(introduction_of(folder, "test"),
            "test images: 1 in 1 classes of '" + files.path() +
                "'; left alone: 2 *.txt, 1 *.csv, 1 *.gif, 1 file without an ending, 2 hidden files, 1 "
                "hidden folder, "
                "1 image outside the class folders ('beside.png'), 1 pipe or device ('" +
                (files / "a/pipe.jpg") + "')");
}

TEST(ImageFolders, AClassWithoutImagesSaysWhatItHoldsInstead) {
  const Files files;
  files.write("a/1.jpg");
  files.write("b/1.gif");
  files.write("b/2.gif");
  try {
    list_image_folder(files.path());
    FAIL() << "was accepted";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("/b' holds no image"));
    EXPECT_THAT(error.what(), HasSubstr("only 2 *.gif"));
  }
}

TEST(ImageFolders, APackedFolderIsCalledSo) {
  const Files files;
  files.write("images.zip", std::string("PK\3\4..........", 14));
  try {
    list_image_folder(files / "images.zip");
    FAIL() << "was accepted";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("unzip"));
  }
}

// The digest follows names and content, not the place and not the time.
TEST(ImageFolders, DigestsDifferWhereTheContentDoes) {
  const Files files;
  for (const char* name : {"one/a/1.jpg", "one/b/2.jpg", "two/a/1.jpg", "two/b/2.jpg"})
    files.write(name, std::string(200'000, name[6]));
  const auto digest = [&](const char* folder) { return digest_of(list_image_folder(files / folder)); };
  const std::string before = digest("one");
  EXPECT_EQ(digest("two"), before);
  for (const size_t place : {size_t{0}, size_t{100'000}, size_t{199'999}}) {
    std::string changed(200'000, '2');
    changed[place] = '!';
    files.write("two/b/2.jpg", changed);
    EXPECT_NE(digest("two"), before) << place;
  }
  files.write("two/b/2.jpg", std::string(200'001, '2'));
  EXPECT_NE(digest("two"), before);
  files.write("two/b/2.jpg", std::string(200'000, '2'));
  EXPECT_EQ(digest("two"), before);
  std::filesystem::rename(files / "two/b/2.jpg", files / "two/b/3.jpg");
  EXPECT_NE(digest("two"), before);
  EXPECT_THAT(before, HasSubstr("2 images in 2 classes, checksum "));
}

}  // namespace
}  // namespace muster
