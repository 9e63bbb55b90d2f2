#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace muster {

/// Image files by class, listed and not read: FOLDER/CLASS/*.jpg, *.jpeg, *.png (any case; links are
/// followed; what begins with a dot and other files are left alone). Classes and files are sorted by name, as
/// torchvision's ImageFolder numbers them.
struct ImageFolder {
  struct File {
    std::string name;
    int64_t label = 0;
  };
  std::string path;
  std::vector<std::string> classes;
  std::vector<File> files;

  int64_t size() const { return static_cast<int64_t>(files.size()); }
  std::string path_of(int64_t index) const;
};

/// Throws FileError (missing or unreadable folder) and DataError (no class folder, a class without images),
/// naming the folder.
ImageFolder list_image_folder(const std::string& path);

/// What one trains on and what one is measured on, numbered by the same classes.
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

}  // namespace muster
