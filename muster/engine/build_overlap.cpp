#include "muster/engine/build_overlap.h"

#include "muster/app/keys/catalogue.h"

namespace muster::inline engine {

OverlapOptions build_overlap(const Catalogue& catalogue, const CommSection& comm) {
  OverlapOptions options;
  options.delayed = comm.overlap == "delayed";
  options.delay = comm.delay;
  options.merge = catalogue.merges().at(comm.merge).merge;
  options.blend = comm.merge_values.given<double>("blend").value_or(options.blend);
  options.fragments = comm.fragments;
  return options;
}

}  // namespace muster::inline engine
