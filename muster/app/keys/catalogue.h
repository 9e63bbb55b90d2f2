#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "muster/app/keys/key.h"
#include "muster/choice/family.h"
#include "muster/comm/codec/named_codec.h"
#include "muster/optim/async_outer_kind.h"
#include "muster/optim/inner_kind.h"
#include "muster/optim/outer_kind.h"
#include "muster/rounds/merge_kinds.h"
#include "muster/schedule/rate_kinds.h"
#include "muster/schedule/rule_kind.h"
#include "muster/task/kinds/model_kinds.h"
#include "muster/task/kinds/sampler_kinds.h"
#include "muster/task/kinds/task_kinds.h"

namespace muster::inline app {

/// Everything that a user chooses by its name. A program or a test makes the built-in ones and may add its
/// own, before it makes a catalogue of them.
struct Kinds {
  Family<RuleKind> rules;
  Family<RateKind> rates;
  Family<InnerKind> inner_optimizers;
  Family<OuterKind> outer_optimizers;
  Family<AsyncOuterKind> async_outer_optimizers;
  Family<NamedCodec> codecs;
  Family<MergeKind> merges;
  Family<SamplerKind> samplers;
  Family<TaskKind> tasks;
  Family<ModelKind> models;
};

Kinds built_in_kinds();

/// The one table behind command lines, files, help and checks: what can be chosen, and every key. Made at the
/// start of a program and passed down.
class Catalogue {
 public:
  explicit Catalogue(Kinds kinds);

  const Kinds& kinds() const { return kinds_; }
  const Family<RuleKind>& rules() const { return kinds_.rules; }
  const Family<RateKind>& rates() const { return kinds_.rates; }
  const Family<InnerKind>& inner_optimizers() const { return kinds_.inner_optimizers; }
  const Family<OuterKind>& outer_optimizers() const { return kinds_.outer_optimizers; }
  const Family<AsyncOuterKind>& async_outer_optimizers() const { return kinds_.async_outer_optimizers; }
  const Family<NamedCodec>& codecs() const { return kinds_.codecs; }
  const Family<MergeKind>& merges() const { return kinds_.merges; }
  const Family<SamplerKind>& samplers() const { return kinds_.samplers; }
  const Family<TaskKind>& tasks() const { return kinds_.tasks; }
  const Family<ModelKind>& models() const { return kinds_.models; }
  /// Every key, section by section.
  const std::vector<Key>& keys() const { return keys_; }
  /// A key by its full name ("schedule.rule") or, if only one section has it, by its last part ("rule"); '-'
  /// counts as '_'. `value` only serves the message. Throws OptionError naming the nearest key, or the
  /// candidates.
  const Key& find_key(std::string_view name, std::string_view value) const;
  /// Whether some section has a key of this last part.
  bool has_key_called(std::string_view short_name) const { return !keys_called(short_name).empty(); }

 private:
  std::vector<const Key*> keys_called(std::string_view short_name) const;
  std::string suggestion(std::string_view name) const;

  Kinds kinds_;
  std::vector<Key> keys_;
};

}  // namespace muster::inline app
