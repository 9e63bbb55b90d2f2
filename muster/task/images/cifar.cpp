#include "muster/task/images/cifar.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <functional>
#include <map>
#include <numeric>
#include <string_view>

#include "muster/base/error.h"
#include "muster/base/folder.h"
#include "muster/base/format.h"
#include "muster/base/mistaken_form.h"
#include "muster/base/plain_file.h"

namespace muster::inline task {

namespace {

namespace fs = std::filesystem;

struct Form {
  int64_t classes;
  int64_t label_bytes;  // the last of them is the label that counts
  int64_t record() const { return label_bytes + 3 * 32 * 32; }
};

constexpr Form cifar10{10, 1};
constexpr Form cifar100{100, 2};
constexpr int64_t coarse_classes = 20;

int64_t label_of(const std::string& file, int64_t record, const uint8_t* bytes, const Form& form) {
  const int64_t label = bytes[form.label_bytes - 1];
  if (label >= form.classes)
    throw DataError(fmt::format("'{}': record {} has label {}; labels must be 0 to {}", file, record, label,
                                form.classes - 1));
  if (form.label_bytes == 2 && bytes[0] >= coarse_classes)
    throw DataError(fmt::format("'{}': record {} has coarse label {}; coarse labels must be 0 to {}", file,
                                record, bytes[0], coarse_classes - 1));
  return label;
}

void append_file(const std::string& file, const Form& form, Images& images) {
  const std::string content = read_plain_file(file);
  refuse_packed(file, std::string_view(content).substr(0, 512));
  const auto size = static_cast<int64_t>(content.size());
  if (size == 0)
    throw DataError(fmt::format("'{}' is empty; records of {} bytes are expected", file, form.record()));
  if (size % form.record() != 0)
    throw DataError(
        fmt::format("'{}' has {} bytes, {} more than {} whole records of {} bytes; it is truncated "
                    "or not in CIFAR-{} binary form",
                    file, size, size % form.record(), size / form.record(), form.record(), form.classes));
  const auto* bytes = reinterpret_cast<const uint8_t*>(content.data());
  const int64_t records = size / form.record();
  images.pixels.reserve(images.pixels.size() + static_cast<size_t>(records * images.pixels_per_image()));
  for (int64_t record = 0; record < records; ++record, bytes += form.record()) {
    images.labels.push_back(label_of(file, record, bytes, form));
    images.pixels.insert(images.pixels.end(), bytes + form.label_bytes, bytes + form.record());
  }
}

/// N of data_batch_N.bin; 0 for other names.
int64_t batch_number(std::string_view name) {
  constexpr std::string_view before = "data_batch_", behind = ".bin";
  if (!name.starts_with(before) || !name.ends_with(behind)) return 0;
  name = name.substr(before.size(), name.size() - before.size() - behind.size());
  int64_t number = 0;
  const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), number);
  return problem == std::errc() && end == name.data() + name.size() && number > 0 ? number : 0;
}

/// The training batches by number. Batches that are missing before the last one were lost on the way.
std::vector<std::string> batch_files(const fs::path& folder, const std::vector<std::string>& names) {
  std::map<int64_t, std::string> by_number;
  for (const std::string& name : names) {
    const int64_t number = batch_number(name);
    if (number == 0) continue;
    const auto [place, fresh] = by_number.try_emplace(number, name);
    if (!fresh)
      throw DataError(fmt::format("the folder '{}' holds batch {} twice, as {} and {}; remove one",
                                  folder.string(), number, place->second, name));
  }
  std::vector<std::string> files;
  for (const auto& [number, name] : by_number) {
    const auto expected = static_cast<int64_t>(files.size()) + 1;
    if (number != expected)
      throw DataError(
          fmt::format("the folder '{}' holds {}, but no data_batch_{}.bin; get it, or number the batches "
                      "from 1 without a gap "
                      "to train on a part",
                      folder.string(), name, expected));
    files.push_back((folder / name).string());
  }
  return files;
}

[[noreturn]] void refuse_without_files(const fs::path& folder, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const fs::path path = folder / name;
    std::error_code unknown;  // then it is no file to be looked into
    if (fs::is_regular_file(path, unknown))
      refuse_packed(path.string(), PlainFile(path.string()).beginning(512));
  }
  const bool python = std::binary_search(names.begin(), names.end(), "data_batch_1") ||
                      std::binary_search(names.begin(), names.end(), "meta");
  throw FileError(
      fmt::format("the folder '{}' holds {}; data_batch_*.bin and test_batch.bin (10 classes) or train.bin "
                  "and test.bin (100 classes) are expected",
                  folder.string(), python ? "CIFAR's Python version, not the binary one" : "no CIFAR files"));
}

/// "data_batch_1.bin to data_batch_3.bin in 'folder' (10,000, 10,000 and 7,000 images; CIFAR-10 has 50,000)".
std::string source_of(const std::vector<std::string>& files, const std::vector<int64_t>& records,
                      int64_t full, const Form& form) {
  const fs::path first(files.front()), last(files.back());
  std::string source = first.filename().string();
  if (files.size() > 1) source += " to " + last.filename().string();
  source += fmt::format(" in '{}'", first.parent_path().string());
  const int64_t total = std::accumulate(records.begin(), records.end(), int64_t{0});
  std::string counts;
  const bool differ =
      std::adjacent_find(records.begin(), records.end(), std::not_equal_to<>()) != records.end();
  for (size_t i = 0; differ && i < records.size(); ++i)
    counts += (i == 0 ? "" : " + ") + format_count(records[i]);
  if (total != full)
    counts += fmt::format("{}CIFAR-{} has {}", counts.empty() ? "" : "; ", form.classes, format_count(full));
  return source + (counts.empty() ? "" : " (" + counts + ")");
}

Images load(const std::vector<std::string>& files, const Form& form, int64_t full) {
  Images images;
  images.classes = form.classes;
  std::vector<int64_t> records;
  for (const std::string& file : files) {
    const int64_t before = images.size();
    append_file(file, form, images);
    records.push_back(images.size() - before);
  }
  images.source = source_of(files, records, full, form);
  return images;
}

}  // namespace

ImageSets load_cifar(const std::string& folder) {
  const fs::path path(folder);
  std::error_code failure;  // what cannot be examined counts as missing
  const fs::file_status status = fs::status(path, failure);
  if (!fs::exists(status))
    throw FileError(fmt::format("cannot read the folder '{}': it does not exist", folder));
  if (fs::is_regular_file(status)) refuse_packed(folder, PlainFile(folder).beginning(512));
  if (!fs::is_directory(status))
    throw FileError(
        fmt::format("'{}' is not a folder; give the folder that holds the CIFAR .bin files", folder));
  constexpr int64_t all_train = 50000, all_test = 10000;
  const std::vector<std::string> names = names_in(folder), batches = batch_files(path, names);
  const auto file = [&](const char* name) { return std::vector{(path / name).string()}; };
  if (!batches.empty())
    return {load(batches, cifar10, all_train), load(file("test_batch.bin"), cifar10, all_test)};
  if (!std::binary_search(names.begin(), names.end(), "train.bin")) refuse_without_files(path, names);
  return {load(file("train.bin"), cifar100, all_train), load(file("test.bin"), cifar100, all_test)};
}

}  // namespace muster::inline task
