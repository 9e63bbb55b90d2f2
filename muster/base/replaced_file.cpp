#include "muster/base/replaced_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "muster/base/error.h"
#include "muster/base/file.h"

namespace muster {

namespace {

/// What an interrupted writer left, or a link: never written through.
std::string cleared(std::string path) {
  ::unlink(path.c_str());  // where it cannot be removed it cannot be made either, which is an error then
  return path;
}

}  // namespace

ReplacedFile::ReplacedFile(const std::string& path)
    : path_(path), beside_(cleared(path + ".part")), file_(beside_, OpenFor::creating, path) {}

ReplacedFile::~ReplacedFile() {
  if (!committed_) ::unlink(beside_.c_str());  // nothing was promised; the next writer makes it anew
}

void ReplacedFile::commit() {
  file_.flush();
  if (std::rename(beside_.c_str(), path_.c_str()) != 0)
    throw FileError("cannot write '" + path_ + "': " + std::strerror(errno));
  committed_ = true;
  file_.close();
  const std::string folder = std::filesystem::path(path_).parent_path().string();
  sync_to_disk(folder.empty() ? "." : folder);
}

}  // namespace muster
