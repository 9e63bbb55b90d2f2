#include "muster/app/keys/catalogue.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "muster/app/keys/keys.h"
#include "muster/base/error.h"
#include "muster/base/nearest_word.h"
#include "muster/comm/codec/codec_kinds.h"
#include "muster/optim/async_outer_kinds.h"
#include "muster/optim/inner_kinds.h"
#include "muster/optim/outer_kinds.h"
#include "muster/schedule/rules.h"

namespace muster::inline app {

namespace {

std::string names_of_keys(const std::vector<const Key*>& keys) {
  std::vector<std::string> names;
  for (const Key* key : keys) names.push_back(key->name);
  return fmt::format("{}", fmt::join(names, " or "));
}

}  // namespace

Kinds built_in_kinds() {
  return {.rules = built_in_rules(),
          .rates = built_in_rates(),
          .inner_optimizers = built_in_inner_optimizers(),
          .outer_optimizers = built_in_outer_optimizers(),
          .async_outer_optimizers = built_in_async_outer_optimizers(),
          .codecs = built_in_codecs(),
          .merges = built_in_merges(),
          .samplers = built_in_samplers(),
          .tasks = built_in_tasks(),
          .models = built_in_models()};
}

Catalogue::Catalogue(Kinds kinds) : kinds_(std::move(kinds)), keys_(keys_of_kinds(kinds_)) {}

std::vector<const Key*> Catalogue::keys_called(std::string_view short_name) const {
  std::vector<const Key*> found;
  for (const Key& key : keys_)
    if (key.short_name() == short_name) found.push_back(&key);
  return found;
}

// The right key in a wrong section, or else the nearest spelling of a full or of a short name.
std::string Catalogue::suggestion(std::string_view name) const {
  const auto dot = name.find('.');
  const std::string_view last = dot == std::string_view::npos ? name : name.substr(dot + 1);
  if (const auto same = keys_called(last); !same.empty()) return names_of_keys(same);
  std::vector<std::string> full, shorts;
  for (const Key& key : keys_) {
    full.push_back(key.name);
    shorts.push_back(key.short_name());
  }
  const std::string nearest = dot == std::string_view::npos ? "" : nearest_word(name, full);
  if (!nearest.empty()) return nearest;
  const std::string nearest_short = nearest_word(last, shorts);
  return nearest_short.empty() ? "" : names_of_keys(keys_called(nearest_short));
}

const Key& Catalogue::find_key(std::string_view spelt, std::string_view value) const {
  std::string name(spelt);
  std::replace(name.begin(), name.end(), '-', '_');
  for (const Key& key : keys_)
    if (key.name == name) return key;
  const auto called = keys_called(name);
  if (called.size() == 1) return *called.front();
  if (called.size() > 1)
    throw OptionError(shown(spelt), shown(value), fmt::format("is ambiguous; use {}", names_of_keys(called)));
  const std::string nearest = suggestion(name);
  throw OptionError(shown(spelt), shown(value),
                    nearest.empty() ? "there is no such key; see muster train --help"
                                    : fmt::format("there is no such key; did you mean {}?", nearest));
}

}  // namespace muster::inline app
