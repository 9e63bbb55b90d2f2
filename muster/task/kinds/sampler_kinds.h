#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "muster/choice/family.h"

namespace muster {

class Sampler;
struct SamplerRequest;  // muster/engine/build_sampler.h

using MakeSampler = std::function<std::unique_ptr<Sampler>(const SamplerRequest&)>;

/// How samples reach the workers, as a user chooses it by name. No torch here; `make` is joined by whoever
/// has it (muster/engine/makers.h).
struct SamplerKind : Kind {
  bool needs_classes = false;    ///< its parts of the data are made of the samples' classes
  bool needs_documents = false;  ///< or of their documents
  /// The sampler that takes its place where workers have no common epochs; "": itself.
  std::string without_meetings;
  MakeSampler make;

  explicit SamplerKind(std::string word) { name = std::move(word); }
};

/// All of them, in the order of help and documents: task.sampler.
Family<SamplerKind> built_in_samplers();

Field dirichlet_alpha_field();

}  // namespace muster
