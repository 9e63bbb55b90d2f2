#include "muster/task/images/image_walk.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <utility>

#include "muster/base/error.h"

namespace muster::inline task {

namespace {

namespace fs = std::filesystem;

/// Identifies a folder, whatever the path to it.
using Identity = std::pair<dev_t, ino_t>;

struct Entry {
  std::string name;
  enum class Kind { file, folder, left } kind = Kind::left;
  Identity identity{};
};

[[noreturn]] void fail(const fs::path& path, const std::string& reason) {
  throw FileError(fmt::format("cannot read '{}': {}", path.string(), reason));
}

/// An entry with its links followed; one that is neither file nor folder is counted.
Entry entry_at(const fs::path& path, LeftAlone& left) {
  Entry entry{path.filename().string(), Entry::Kind::left, {}};
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno != ENOENT && errno != ELOOP) fail(path, std::strerror(errno));
    left.add("dangling link", "dangling links", path.string(), true);
    return entry;
  }
  entry.identity = {status.st_dev, status.st_ino};
  if (S_ISDIR(status.st_mode)) {
    entry.kind = Entry::Kind::folder;
  } else if (S_ISREG(status.st_mode)) {
    entry.kind = Entry::Kind::file;
  } else {
    left.add("pipe or device", "pipes or devices", path.string(), true);
  }
  return entry;
}

/// Files and folders in a folder, sorted by name; all else is counted.
std::vector<Entry> entries_of(const fs::path& folder, LeftAlone& left) {
  std::vector<Entry> entries;
  std::error_code failure;
  for (fs::directory_iterator at(folder, failure), end; !failure && at != end; at.increment(failure)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with('.')) {
      std::error_code unknown;  // then it is called a file: it is left alone either way
      const bool is_folder = at->is_directory(unknown);
      left.add(is_folder ? "hidden folder" : "hidden file", is_folder ? "hidden folders" : "hidden files",
               name, false);
      continue;
    }
    Entry entry = entry_at(at->path(), left);
    if (entry.kind != Entry::Kind::left) entries.push_back(std::move(entry));
  }
  if (failure)
    throw FileError(fmt::format("cannot read the folder '{}': {}", folder.string(), failure.message()));
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return entries;
}

class Walk {
 public:
  Walk(fs::path root, LeftAlone& left) : root_(std::move(root)), left_(left) {}

  /// The files of each folder with images, by its path from the root on.
  std::vector<std::pair<std::string, std::vector<std::string>>> run() {
    struct stat status {};
    if (::stat(root_.c_str(), &status) != 0) fail(root_, std::strerror(errno));
    above_.emplace_back(status.st_dev, status.st_ino);
    look_into("");
    std::sort(found_.begin(), found_.end());
    return std::move(found_);
  }

 private:
  void look_into(const std::string& folder) {
    std::vector<std::string> files;
    for (const Entry& entry : entries_of(root_ / folder, left_)) {
      const std::string path = folder.empty() ? entry.name : folder + "/" + entry.name;
      if (entry.kind == Entry::Kind::folder) {
        look_into_if_below(path, entry.identity);
      } else if (has_image_ending(entry.name)) {
        files.push_back(entry.name);
      } else {
        left_.other_file(entry.name);
      }
    }
    if (!files.empty()) found_.emplace_back(folder, std::move(files));
  }

  void look_into_if_below(const std::string& folder, const Identity& identity) {
    if (std::find(above_.begin(), above_.end(), identity) != above_.end())
      return left_.add("link to a folder above it", "links to folders above them", (root_ / folder).string(),
                       true);
    above_.push_back(identity);
    look_into(folder);
    above_.pop_back();
  }

  fs::path root_;
  LeftAlone& left_;
  std::vector<Identity> above_;  // the folders that lead to the present one
  std::vector<std::pair<std::string, std::vector<std::string>>> found_;
};

}  // namespace

bool has_image_ending(const std::string& name) {
  constexpr std::array<std::string_view, 9> endings = {".jpg", ".jpeg", ".png",  ".ppm", ".bmp",
                                                       ".pgm", ".tif",  ".tiff", ".webp"};
  std::string small = name;
  std::transform(small.begin(), small.end(), small.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::any_of(endings.begin(), endings.end(),
                     [&](std::string_view ending) { return small.ends_with(ending); });
}

std::vector<std::string> class_folders(const std::string& folder, LeftAlone& left) {
  std::vector<std::string> names;
  for (const Entry& entry : entries_of(folder, left)) {
    if (entry.kind == Entry::Kind::folder) {
      names.push_back(entry.name);
    } else if (has_image_ending(entry.name)) {
      left.add("image outside the class folders", "images outside the class folders", entry.name, true);
    } else {
      left.other_file(entry.name);
    }
  }
  return names;
}

// Folders are compared by their whole paths, as ImageFolder sorts them: "a b" comes before "a/c".
std::vector<std::string> image_files_below(const std::string& folder, LeftAlone& left) {
  std::vector<std::string> paths;
  for (const auto& [inner, files] : Walk(folder, left).run())
    for (const std::string& name : files) paths.push_back(inner.empty() ? name : inner + "/" + name);
  return paths;
}

}  // namespace muster::inline task
