#include "muster/app/keys/keys.h"

#include <iterator>

#include "muster/app/keys/catalogue.h"

namespace muster::inline app {

namespace {

void append(std::vector<Key>& keys, std::vector<Key> section) {
  keys.insert(keys.end(), std::make_move_iterator(section.begin()), std::make_move_iterator(section.end()));
}

}  // namespace

std::vector<Key> keys_of_kinds(const Kinds& kinds) {
  std::vector<Key> keys = run_keys();
  append(keys, task_keys(kinds));
  for (auto part : {image_keys, text_keys, gpt_keys, clusters_keys}) append(keys, part());
  for (auto part : {schedule_keys, learning_rate_keys, inner_keys, outer_keys}) append(keys, part(kinds));
  append(keys, comm_keys());
  append(keys, codec_keys(kinds));
  append(keys, level_keys());
  append(keys, overlap_keys(kinds));
  append(keys, elastic_keys());
  append(keys, async_outer_keys(kinds));
  for (auto part : {async_dispatch_keys, async_virtual_keys, serve_credential_keys}) append(keys, part());
  append(keys, serve_keys(kinds));
  for (auto part : {evaluation_keys, checkpoint_keys}) append(keys, part());
  return keys;
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

}  // namespace muster::inline app
