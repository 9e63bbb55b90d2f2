#include "muster/task/images/image_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/base/mistaken_form.h"
#include "muster/base/plain_file.h"
#include "muster/task/images/image_walk.h"

namespace muster::inline task {

namespace {

namespace fs = std::filesystem;

void require_folder(const fs::path& path) {
  std::error_code ignored;  // then it is taken for missing
  const fs::file_status status = fs::status(path, ignored);
  if (!fs::exists(status))
    throw FileError(fmt::format("cannot read the folder '{}': it does not exist", path.string()));
  if (fs::is_directory(status)) return;
  if (fs::is_regular_file(status)) refuse_packed(path.string(), PlainFile(path.string()).beginning(512));
  throw FileError(
      fmt::format("'{}' is not a folder; give the folder that holds the images by class", path.string()));
}

/// The first of these folders of `data` that exists.
std::optional<std::string> first_of(const std::string& data, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const fs::path path = fs::path(data) / name;
    std::error_code ignored;  // what cannot be examined is none of them; the caller names what is missing
    if (fs::is_directory(path, ignored)) return path.string();
  }
  return std::nullopt;
}

/// Numbers the test images by the training's classes.
void renumber(ImageFolder& test, const ImageFolder& train) {
  std::vector<int64_t> numbers;
  for (const std::string& name : test.classes) {
    const auto found = std::lower_bound(train.classes.begin(), train.classes.end(), name);
    if (found == train.classes.end() || *found != name)
      throw DataError(fmt::format("'{}/{}' is a class without training images: there is no folder '{}/{}'",
                                  test.path, name, train.path, name));
    numbers.push_back(found - train.classes.begin());
  }
  for (ImageFolder::File& file : test.files) file.label = numbers[static_cast<size_t>(file.label)];
  test.classes = train.classes;
}

}  // namespace

std::string ImageFolder::path_of(int64_t index) const {
  const File& file = files[static_cast<size_t>(index)];
  return path + "/" + classes[static_cast<size_t>(file.label)] + "/" + file.name;
}

ImageFolder list_image_folder(const std::string& path) {
  require_folder(path);
  ImageFolder folder;
  folder.path = path;
  folder.classes = class_folders(path, folder.left_alone);
  if (folder.classes.empty())
    throw DataError(fmt::format(
        "the folder '{}' holds no folder; one for each class is expected, with its images in it", path));
  for (size_t label = 0; label < folder.classes.size(); ++label) {
    const std::string of_class = path + "/" + folder.classes[label];
    LeftAlone left;  // of this class, reported where no image was found
    std::vector<std::string> names = image_files_below(of_class, left);
    if (names.empty())
      throw DataError(fmt::format("the class folder '{}' holds no image ({}){}; add some or remove it",
                                  of_class, image_endings, left.empty() ? "" : ", only " + left.text()));
    folder.left_alone.add(left);
    for (std::string& name : names) folder.files.push_back({std::move(name), static_cast<int64_t>(label)});
  }
  return folder;
}

std::string introduction_of(const ImageFolder& folder, const char* use) {
  const std::string left = folder.left_alone.text();
  return fmt::format("{} images: {} in {} classes of '{}'{}", use, format_count(folder.size()),
                     format_count(static_cast<int64_t>(folder.classes.size())), folder.path,
                     left.empty() ? "" : "; left alone: " + left);
}

ImageFolders list_image_folders(const std::string& data, const std::optional<std::string>& test_data) {
  require_folder(data);
  const auto train = first_of(data, {"train"});
  if (!train && !test_data)
    throw DataError(fmt::format(
        "the folder '{}' holds no folder train; train/CLASS/*.jpg and val/CLASS/*.jpg are expected, or "
        "CLASS/*.jpg and a folder of test images as task.test_data",
        data));
  const auto test = test_data ? test_data : first_of(data, {"val", "test"});
  if (!test)
    throw DataError(fmt::format(
        "the folder '{}' holds neither val nor test; add one of them, with a folder for each class, or name "
        "the test images by task.test_data",
        data));
  ImageFolders folders{list_image_folder(train.value_or(data)), list_image_folder(*test)};
  renumber(folders.test, folders.train);
  return folders;
}

void keep_evenly(ImageFolder& folder, std::optional<int64_t> limit, const std::string& key) {
  if (!limit) return;
  if (*limit > folder.size())
    throw OptionError(key, std::to_string(*limit),
                      fmt::format("'{}' holds only {} images", folder.path, folder.size()));
  std::vector<int64_t> seen(folder.classes.size(), 0), place;  // place: how many of its class come before
  for (const auto& file : folder.files) place.push_back(seen[static_cast<size_t>(file.label)]++);
  std::vector<size_t> order(folder.files.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return place[a] < place[b]; });
  order.resize(static_cast<size_t>(*limit));
  std::sort(order.begin(), order.end());
  std::vector<ImageFolder::File> kept;
  for (const size_t index : order) kept.push_back(std::move(folder.files[index]));
  folder.files = std::move(kept);
}

}  // namespace muster::inline task
