#pragma once

#include <cstdint>
#include <string>

#include "muster/base/error.h"

namespace muster::inline comm {

/// The workers of a run in groups of consecutive workers, those of one machine: group w / group_size holds
/// worker w. A group is several whole processes, or lies inside one.
struct Grouping {
  int64_t group_size = 1;  ///< 1: no groups
  int64_t workers = 1;     ///< in the whole run
  int64_t processes = 1;   ///< each hosts workers / processes

  int64_t hosted() const { return workers / processes; }
  bool spans_processes() const { return group_size > hosted(); }
  /// 1 where groups lie inside a process.
  int64_t processes_per_group() const { return spans_processes() ? group_size / hosted() : 1; }
  /// Throws OptionError, naming the sizes that are possible.
  void validate() const;
};

inline void Grouping::validate() const {
  const auto fits = [this](int64_t size) {
    return workers % size == 0 && (hosted() % size == 0 || size % hosted() == 0);
  };
  if (group_size >= 1 && fits(group_size)) return;
  std::string sizes;
  for (int64_t size = 1; size <= workers; ++size)
    if (fits(size)) sizes += (sizes.empty() ? "" : ", ") + std::to_string(size);
  throw OptionError("comm.group_size", std::to_string(group_size),
                    "must divide run.workers = " + std::to_string(workers) +
                        (processes > 1 ? " into whole processes, or parts of them, of " +
                                             std::to_string(hosted()) + " workers"
                                       : "") +
                        "; take one of " + sizes);
}

}  // namespace muster::inline comm
