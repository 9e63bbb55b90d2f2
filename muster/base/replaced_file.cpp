#include "muster/base/replaced_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "muster/base/error.h"
#include "muster/base/file.h"

namespace muster::inline base {

namespace {

/// Removes what an interrupted writer left, or a symbolic link: the file is always created anew.
std::string cleared(std::string path) {
  ::unlink(path.c_str());  // where this fails, creating the file fails too and throws
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

}  // namespace muster::inline base
