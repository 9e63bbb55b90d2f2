#include "muster/task/kinds/sampler_kinds.h"

namespace muster::inline task {

Field dirichlet_alpha_field() {
  return real_field("dirichlet_alpha")
      .says(
          "with a small number every worker has few classes, with a large one all have nearly the same "
          "mixture.")
      .above(0)
      .at_most(1e6)
      .otherwise(0.5);
}

Family<SamplerKind> built_in_samplers() {
  SamplerKind permutation("permutation");
  permutation.without_meetings = "shard";
  SamplerKind by_class("by_class"), dirichlet("dirichlet"), by_document("by_document");
  by_class.needs_classes = dirichlet.needs_classes = true;
  by_document.needs_documents = true;
  dirichlet.uses = {{dirichlet_alpha_field()}};
  return {
      {.section = "task",
       .key = "sampler",
       .usual = "permutation",
       .meaning = "How samples reach the workers: one permutation per epoch dealt to all, drawn with "
                  "replacement, or each worker from its own part of the data: random (shard), by class, by "
                  "class in Dirichlet proportions, or by document."},
      {permutation, SamplerKind("replacement"), SamplerKind("shard"), by_class, dirichlet, by_document}};
}

}  // namespace muster::inline task
