#include "muster/app/reproduce/claim_seeds.h"

#include <fmt/format.h>

#include <algorithm>

#include "muster/base/error.h"

namespace muster::inline app {

RunsByName runs_by_name(const std::vector<ClaimFile>& files) {
  RunsByName runs;
  for (const ClaimFile& file : files)
    for (const ClaimRun& run : file.runs) runs[run.name] = &run;
  return runs;
}

int64_t seeds_of(const ClaimPart& part, const ClaimTest& test, const RunsByName& runs,
                 const std::string& owner) {
  const ClaimRun* first = nullptr;
  int64_t seeds = 0;
  for (const std::string& figure : {part.arm, part.beside})
    for (const std::string& source : sources_of_figure(test, figure)) {
      const auto found = runs.find(run_of(source));
      if (found == runs.end())
        throw DataError(fmt::format("{} reads a run '{}', which no claims file has", owner, run_of(source)));
      const ClaimRun& run = *found->second;
      const bool inside = source.find("/*") != std::string::npos;
      const auto outside = std::max<int64_t>(1, static_cast<int64_t>(run.seeds.size()));
      const int64_t its = outside * (inside ? run.seeds_inside : 1);
      if (first == nullptr) first = &run, seeds = its;
      if (run.seeds != first->seeds || run.seeds_inside != first->seeds_inside || its != seeds)
        throw DataError(fmt::format("{}: the runs '{}' and '{}' have different seeds and cannot be paired",
                                    owner, first->name, run.name));
    }
  if (seeds < seeds_for_a_decision)
    throw DataError(fmt::format("{}: the part '{}' has {} seeds; a measured claim needs at least {}", owner,
                                part.says, seeds, seeds_for_a_decision));
  return seeds;
}

}  // namespace muster::inline app
