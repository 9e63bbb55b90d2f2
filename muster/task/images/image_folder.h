#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "muster/task/images/left_alone.h"

namespace muster::inline task {

/// Image files by class, listed and not read: all below FOLDER/CLASS (see image_walk.h), as torchvision's
/// ImageFolder takes, sorts and numbers them, less what begins with a dot.
struct ImageFolder {
  struct File {
    std::string name;  ///< from the class folder on
    int64_t label = 0;
  };
  std::string path;
  std::vector<std::string> classes;
  std::vector<File> files;
  LeftAlone left_alone;

  int64_t size() const { return static_cast<int64_t>(files.size()); }
  std::string path_of(int64_t index) const;
};

/// Throws FileError (a folder that is missing or cannot be read) and DataError (no class folder, a class
/// without images), naming the folder.
ImageFolder list_image_folder(const std::string& path);

/// One line: how many images and classes, and what was left alone. `use`: "training", "test".
std::string introduction_of(const ImageFolder& folder, const char* use);

/// Training and test images, numbered by the same classes.
struct ImageFolders {
  ImageFolder train;
  ImageFolder test;
};

/// `data`/train and, unless `test_data` names another folder, `data`/val or `data`/test. With `test_data` the
/// class folders may also lie in `data` itself. Not every class needs test images. Throws as
/// list_image_folder; DataError for a class of the test images that has no training images.
ImageFolders list_image_folders(const std::string& data, const std::optional<std::string>& test_data);

/// Keeps `limit` files, of all classes alike as far as they have as many: the first of every class, then the
/// second, and so on, in the old order. Throws OptionError on `key` where there are fewer.
void keep_evenly(ImageFolder& folder, std::optional<int64_t> limit, const std::string& key);

}  // namespace muster::inline task
