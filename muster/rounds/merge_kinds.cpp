#include "muster/rounds/merge_kinds.h"

namespace muster::inline rounds {

Field blend_field() {
  return real_field("blend")
      .says("the worker's own share.")
      .at_least(0)
      .at_most(1)
      .absent(format_plain(OverlapOptions().blend));
}

Family<MergeKind> built_in_merges() {
  MergeKind blend("blend", Merge::blend);
  blend.about = "x ← α x + (1 − α) anchor, α = `comm.blend` (0: all steps since the snapshot are lost)";
  blend.paper = "Streaming DiLoCo: Douillard, Donchev, Rush et al., 2025, arXiv 2501.18512";
  blend.files = "merge";
  blend.uses = {{blend_field()}};
  MergeKind corrected("corrected", Merge::corrected);
  corrected.about = "x ← anchor + (x − s): all steps since the snapshot are kept";
  corrected.paper =
      "CoCoD-SGD: Shen, Xu, Liu, Chen, Cheng, IJCAI 2019 (one fragment, τ = a whole round, plain average)";
  corrected.files = "merge";
  return {
      {.section = "comm",
       .key = "merge",
       .usual = "blend",
       .meaning = "What happens to the steps that a worker made before the outcome was applied: the worker "
                  "is blended with the outcome, or they are all added to it."},
      {blend, corrected}};
}

}  // namespace muster::inline rounds
