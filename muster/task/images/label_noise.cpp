#include "muster/task/images/label_noise.h"

#include <ATen/Functions.h>

#include "muster/base/error.h"
#include "muster/base/fnv.h"
#include "muster/base/format.h"
#include "muster/base/random.h"

namespace muster::inline task {

namespace {

/// A number for the samples of a batch, in their order: FNV-1a over their indices, word by word.
uint64_t number_of(std::span<const int64_t> samples) {
  Fnv1a hash;
  for (const int64_t sample : samples) hash.add_word(static_cast<uint64_t>(sample));
  return hash.value();
}

}  // namespace

void disturb_labels(Batch& batch, std::span<const int64_t> samples, int64_t classes, double probability,
                    uint64_t seed, int64_t epoch) {
  if (probability == 0) return;
  invariant(classes >= 2 && batch.size() == static_cast<int64_t>(samples.size()),
            "labels to disturb that are not those of a batch");
  RandomStream stream({seed, Purpose::label_noise, static_cast<uint64_t>(epoch), number_of(samples)});
  auto* const label = batch.targets.data_ptr<int64_t>();
  for (size_t i = 0; i < samples.size(); ++i) {
    if (stream.uniform() >= probability) continue;
    const auto away = 1 + static_cast<int64_t>(stream.below(static_cast<uint64_t>(classes - 1)));
    label[i] = (label[i] + away) % classes;
  }
}

void validate_label_noise(double probability) {
  if (!(probability >= 0 && probability <= 1))
    throw OptionError("task.label_noise", format_number(probability), "must be in [0, 1]");
}

}  // namespace muster::inline task
