#include "muster/app/claim_seeds.h"

#include <fmt/format.h>

#include <algorithm>

#include "muster/base/error.h"

namespace muster {

RunsByName runs_by_name(const std::vector<ClaimFile>& files) {
  RunsByName runs;
  for (const ClaimFile& file : files)
    for (const ClaimRun& run : file.runs) runs[run.name] = &run;
  return runs;
}

int64_t seeds_of(const ClaimRun& run) {
  return std::max<int64_t>(1, static_cast<int64_t>(run.seeds.size())) * run.seeds_inside;
}

int64_t seeds_of(const ClaimPart& part, const ClaimTest& test, const RunsByName& runs,
                 const std::string& owner) {
  const ClaimRun* first = nullptr;
  for (const std::string& figure : {part.arm, part.beside})
    for (const std::string& name : runs_of_figure(test, figure)) {
      const auto found = runs.find(name);
      if (found == runs.end())
        throw DataError(fmt::format("{} reads a run '{}', which no claims file has", owner, name));
      if (first == nullptr) first = found->second;
      if (found->second->seeds != first->seeds || found->second->seeds_inside != first->seeds_inside)
        throw DataError(fmt::format("{}: the runs '{}' and '{}' have different seeds and cannot be paired",
                                    owner, first->name, name));
    }
  const int64_t seeds = first == nullptr ? 0 : seeds_of(*first);
  if (seeds < fewest_seeds)
    throw DataError(fmt::format("{}: the part '{}' has {} seeds; a measured claim needs at least {}", owner,
                                part.says, seeds, fewest_seeds));
  return seeds;
}

}  // namespace muster
