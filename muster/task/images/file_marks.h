#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "muster/task/images/image_file.h"

namespace muster::inline task {

/// Findings about the files of a folder, made while they are read. Safe for several threads.
class FileMarks {
 public:
  explicit FileMarks(size_t files) : marks_(files) {}

  bool is_broken(int64_t file) const { return (at(file) & broken) != 0; }
  void set_broken(int64_t file, const std::string& reason);
  void note(int64_t file, const ImageOddities& oddities);

  int64_t broken_files() const { return count(broken); }
  int64_t files_with_surplus_bytes() const { return count(surplus); }
  int64_t turned_files() const { return count(turned); }
  /// Why files are broken, each with its name, in their order.
  std::vector<std::string> reasons() const;

 private:
  enum Mark : uint8_t { broken = 1, surplus = 2, turned = 4 };
  const std::atomic<uint8_t>& at(int64_t file) const { return marks_[static_cast<size_t>(file)]; }
  int64_t count(Mark mark) const;

  std::vector<std::atomic<uint8_t>> marks_;
  mutable std::mutex mutex_;
  std::map<int64_t, std::string> reasons_;
};

}  // namespace muster::inline task
