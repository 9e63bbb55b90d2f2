#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "muster/choice/family.h"

namespace muster::inline engine {
struct SamplerRequest;  // muster/engine/build_sampler.h
}  // namespace muster::inline engine

namespace muster::inline task {

class Sampler;

using MakeSampler = std::function<std::unique_ptr<Sampler>(const SamplerRequest&)>;

/// How samples are dealt to workers, as a user chooses it by name. No torch here; muster/engine/makers.h adds
/// `make`.
struct SamplerKind : Kind {
  bool needs_classes = false;    ///< it partitions the data by the samples' classes
  bool needs_documents = false;  ///< or by their documents
  /// The sampler that takes its place where workers have no common epochs; "": itself.
  std::string without_meetings;
  MakeSampler make;

  explicit SamplerKind(std::string word) { name = std::move(word); }
};

/// All of them, in the order of help and documents: task.sampler.
Family<SamplerKind> built_in_samplers();

Field dirichlet_alpha_field();

}  // namespace muster::inline task
