#pragma once

#include <string>
#include <utility>

#include "muster/choice/family.h"
#include "muster/rounds/overlap_options.h"

namespace muster::inline rounds {

/// What happens to the steps that a worker made before a delayed outcome was applied, as a user chooses it by
/// name.
struct MergeKind : Kind {
  Merge merge = Merge::blend;

  MergeKind(std::string word, Merge what) : merge(what) { name = std::move(word); }
};

/// Both, in the order of help and documents: comm.merge.
Family<MergeKind> built_in_merges();

/// The worker's own share where comm.merge = blend.
Field blend_field();

}  // namespace muster::inline rounds
