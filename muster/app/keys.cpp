#include "muster/app/keys.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "muster/base/error.h"
#include "muster/base/nearest_word.h"

namespace muster {

namespace {

std::vector<Key> collect() {
  std::vector<Key> keys;
  for (auto part : {run_keys,         task_keys,           image_keys,         text_keys,       gpt_keys,
                    clusters_keys,    schedule_keys,       learning_rate_keys, inner_keys,      outer_keys,
                    comm_keys,        codec_keys,          level_keys,         overlap_keys,    elastic_keys,
                    async_outer_keys, async_dispatch_keys, async_virtual_keys, serve_door_keys, serve_keys,
                    evaluation_keys,  checkpoint_keys}) {
    std::vector<Key> section = part();
    keys.insert(keys.end(), std::make_move_iterator(section.begin()), std::make_move_iterator(section.end()));
  }
  return keys;
}

std::vector<const Key*> keys_called(std::string_view short_name) {
  std::vector<const Key*> found;
  for (const Key& key : all_keys())
    if (key.short_name() == short_name) found.push_back(&key);
  return found;
}

std::string names_of(const std::vector<const Key*>& keys) {
  std::vector<std::string> names;
  for (const Key* key : keys) names.push_back(key->name);
  return fmt::format("{}", fmt::join(names, " or "));
}

// The right key in a wrong section, or else the nearest spelling of a full or of a short name.
std::string suggestion(std::string_view name) {
  const auto dot = name.find('.');
  const std::string_view last = dot == std::string_view::npos ? name : name.substr(dot + 1);
  if (const auto same = keys_called(last); !same.empty()) return names_of(same);
  std::vector<std::string> full, shorts;
  for (const Key& key : all_keys()) {
    full.push_back(key.name);
    shorts.push_back(key.short_name());
  }
  const std::string nearest = dot == std::string_view::npos ? "" : nearest_word(name, full);
  if (!nearest.empty()) return nearest;
  const std::string nearest_short = nearest_word(last, shorts);
  return nearest_short.empty() ? "" : names_of(keys_called(nearest_short));
}

}  // namespace

const std::vector<Key>& all_keys() {
  static const std::vector<Key> keys = collect();
  return keys;
}

const Key& find_key(std::string_view spelt, std::string_view value) {
  std::string name(spelt);
  std::replace(name.begin(), name.end(), '-', '_');
  for (const Key& key : all_keys())
    if (key.name == name) return key;
  const auto called = keys_called(name);
  if (called.size() == 1) return *called.front();
  if (called.size() > 1)
    throw OptionError(shown(spelt), shown(value), fmt::format("is ambiguous; use {}", names_of(called)));
  const std::string nearest = suggestion(name);
  throw OptionError(shown(spelt), shown(value),
                    nearest.empty() ? "there is no such key; see muster train --help"
                                    : fmt::format("there is no such key; did you mean {}?", nearest));
}

const std::vector<SectionTitle>& section_titles() {
  static const std::vector<SectionTitle> titles = {
      {"run", "length, workers and folder of the run"},
      {"task", "model and data"},
      {"image", "models and augmentation of images"},
      {"text", "how text becomes samples"},
      {"gpt", "the shape of a GPT"},
      {"clusters", "the Gaussian clusters of task.name = clusters"},
      {"schedule", "when the workers meet"},
      {"learning_rate", "the learning rate of every step"},
      {"inner", "what happens in a local step"},
      {"outer", "what happens at a meeting"},
      {"comm", "how numbers are sent between processes"},
      {"elastic", "processes that die and come back"},
      {"async", "workers of any speed around a server, without meetings"},
      {"serve", "an asynchronous run on a real network"},
      {"evaluation", "measuring the averaged model"},
      {"checkpoint", "what a run saves so that it can be resumed"},
  };
  return titles;
}

}  // namespace muster
