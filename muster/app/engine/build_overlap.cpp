#include "muster/app/engine/build_overlap.h"

namespace muster {

OverlapOptions build_overlap(const CommSection& comm) {
  OverlapOptions options;
  options.delayed = comm.overlap == "delayed";
  options.delay = comm.delay;
  options.merge = comm.merge == "blend" ? Merge::blend : Merge::corrected;
  options.blend = comm.blend.value_or(options.blend);
  options.fragments = comm.fragments;
  return options;
}

}  // namespace muster
