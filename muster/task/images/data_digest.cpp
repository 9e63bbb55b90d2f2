#include "muster/task/images/data_digest.h"

#include <fmt/format.h>

#include <algorithm>

#include "muster/base/checksum.h"
#include "muster/base/error.h"
#include "muster/base/format.h"

namespace muster::inline task {

namespace {

constexpr int64_t largest_whole_file = int64_t{64} << 20;
constexpr int64_t block = int64_t{64} << 10, blocks = 1025;
constexpr int64_t image_piece = int64_t{16} << 10;
constexpr size_t most_images = 1024;

std::string text_of(const std::string& what, const Checksum& checksum) {
  return fmt::format("{}, checksum {:016x}", what, checksum.value());
}

/// `pieces` pieces of a file, evenly spread, the first and the last among them.
void add_pieces(const PlainFile& file, int64_t pieces, int64_t length, Checksum& checksum) {
  std::string bytes(static_cast<size_t>(length), '\0');
  for (int64_t i = 0; i < pieces; ++i) {
    const int64_t room = file.size() - length;
    file.read_at(room / (pieces - 1) * i + room % (pieces - 1) * i / (pieces - 1), bytes.data(),
                 bytes.size());
    checksum.add(bytes.data(), bytes.size());
  }
}

void add_whole(const PlainFile& file, Checksum& checksum) {
  std::string bytes(static_cast<size_t>(std::min(file.size(), int64_t{1} << 20)), '\0');
  for (int64_t at = 0; at < file.size();) {
    const size_t some = std::min<size_t>(bytes.size(), static_cast<size_t>(file.size() - at));
    file.read_at(at, bytes.data(), some);
    checksum.add(bytes.data(), some);
    at += static_cast<int64_t>(some);
  }
}

void add_image(const std::string& path, Checksum& checksum) {
  try {
    const PlainFile file(path);
    const int64_t size = file.size();
    checksum.add(&size, sizeof size);
    if (size <= 3 * image_piece)
      add_whole(file, checksum);
    else
      add_pieces(file, 3, image_piece, checksum);
  } catch (const Error&) {  // missing or unreadable: reported when training reads it
    checksum.add("?", 1);
  }
}

}  // namespace

std::string digest_of(std::string_view bytes) {
  Checksum checksum;
  checksum.add(bytes.data(), bytes.size());
  return text_of(format_count(static_cast<int64_t>(bytes.size())) + " bytes", checksum);
}

std::string digest_of(const Images& images) {
  Checksum checksum;
  checksum.add(images.labels.data(), images.labels.size() * sizeof(int64_t));
  checksum.add(images.pixels.data(), images.pixels.size());
  return text_of(fmt::format("{} images", format_count(images.size())), checksum);
}

std::string digest_of(const PlainFile& file) {
  Checksum checksum;
  if (file.size() <= largest_whole_file)
    add_whole(file, checksum);
  else
    add_pieces(file, blocks, block, checksum);
  return text_of(format_count(file.size()) + " bytes", checksum);
}

std::string digest_of(const ImageFolder& folder) {
  Checksum checksum;
  const size_t count = folder.files.size();
  for (size_t i = 0; i < count; ++i) {
    const std::string name =
        folder.classes[static_cast<size_t>(folder.files[i].label)] + "/" + folder.files[i].name;
    checksum.add(name.c_str(), name.size() + 1);
  }
  const size_t looked_at = std::min(count, most_images);
  for (size_t i = 0; i < looked_at; ++i)
    add_image(folder.path_of(static_cast<int64_t>(i * count / looked_at)), checksum);
  return text_of(fmt::format("{} images in {} classes", format_count(folder.size()), folder.classes.size()),
                 checksum);
}

}  // namespace muster::inline task
