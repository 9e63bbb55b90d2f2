#include "muster/task/images/file_marks.h"

#include <algorithm>

namespace muster::inline task {

void FileMarks::set_broken(int64_t file, const std::string& reason) {
  marks_[static_cast<size_t>(file)] |= broken;
  const std::lock_guard lock(mutex_);
  reasons_.try_emplace(file, reason);
}

void FileMarks::note(int64_t file, const ImageOddities& oddities) {
  const int found = (oddities.surplus_bytes ? surplus : 0) | (oddities.turned ? turned : 0);
  if (found != 0) marks_[static_cast<size_t>(file)] |= static_cast<uint8_t>(found);
}

int64_t FileMarks::count(Mark mark) const {
  return std::count_if(marks_.begin(), marks_.end(), [&](const auto& one) { return (one & mark) != 0; });
}

std::vector<std::string> FileMarks::reasons() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> all;
  for (const auto& [file, reason] : reasons_) all.push_back(reason);
  return all;
}

}  // namespace muster::inline task
