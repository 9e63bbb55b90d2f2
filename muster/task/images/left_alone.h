#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace muster::inline task {

/// The files that a search found and did not take, counted by kind.
class LeftAlone {
 public:
  /// A file whose name has an ending that is not read.
  void other_file(const std::string& name);
  /// `kind` in the singular ("hidden file"), `kinds` in the plural; the first of a kind is named where
  /// `name_it`.
  void add(const std::string& kind, const std::string& kinds, const std::string& path, bool name_it);
  void add(const LeftAlone& more);
  bool empty() const { return endings_.empty() && kinds_.empty(); }
  /// "4 *.txt, 2 hidden files, 1 dangling link ('a/b.jpg')".
  std::string text() const;

 private:
  struct Kind {
    std::string plural;
    std::string first;  ///< empty: is not named
    int64_t count = 0;
  };
  std::map<std::string, int64_t> endings_;
  std::map<std::string, Kind> kinds_;
};

}  // namespace muster::inline task
