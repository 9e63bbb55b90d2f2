#include "muster/task/folder_task.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "muster/base/error.h"
#include "muster/task/label_noise.h"
#include "muster/task/mixup.h"

namespace muster {

namespace {

/// The place of every wanted sample: its own, or the next (cyclically) that is whole.
std::vector<size_t> next_whole(const std::vector<bool>& whole) {
  std::vector<size_t> next(whole.size());
  size_t after = std::find(whole.begin(), whole.end(), true) - whole.begin();
  for (size_t i = whole.size(); i-- > 0;) {
    if (whole[i]) after = i;
    next[i] = after;
  }
  return next;
}

}  // namespace

void FolderTaskOptions::validate() const {
  if (reader.size < 8 || reader.size > 4096)
    throw OptionError("image.size", std::to_string(reader.size), "must be 8 to 4096 pixels");
  reader.rand_augment.validate();
  validate_label_noise(label_noise);
  validate_mixup(mixup);
  training.validate();
  model.validate();
}

FolderTask::FolderTask(ImageFolders folders, const FolderTaskOptions& options)
    : folders_(std::move(folders)),
      options_(options),
      broken_train_(folders_.train.files.size()),
      broken_test_(folders_.test.files.size()) {
  options_.model.classes = static_cast<int64_t>(folders_.train.classes.size());
  options_.model.channels = 3;
  options_.model.height = options_.model.width = options_.reader.size;
  options_.validate();
}

std::unique_ptr<Model> FolderTask::make_model() const {
  return make_image_model(options_.model, options_.training);
}

int64_t FolderTask::activation_bytes(int64_t batch) const {
  return muster::activation_bytes(options_.model, batch);
}

std::vector<int64_t> FolderTask::train_classes() const {
  std::vector<int64_t> labels;
  for (const auto& file : folders_.train.files) labels.push_back(file.label);
  return labels;
}

Batch FolderTask::empty_batch(const ImageFolder& folder, std::span<const int64_t> samples) const {
  const auto count = static_cast<int64_t>(samples.size());
  const int64_t size = options_.reader.size;
  Batch batch{at::empty({count, 3, size, size}, at::kFloat), at::empty({count}, at::kLong)};
  auto* const targets = batch.targets.data_ptr<int64_t>();
  for (size_t i = 0; i < samples.size(); ++i) {
    invariant(samples[i] >= 0 && samples[i] < folder.size(), "a sample index lies outside the data");
    targets[i] = folder.files[static_cast<size_t>(samples[i])].label;
  }
  return batch;
}

template <class Read>
bool FolderTask::read_one(const Place& place, int64_t sample, const Read& read) const {
  std::atomic<bool>& broken = place.broken[static_cast<size_t>(sample)];
  if (broken) return false;
  try {
    read();
    return true;
  } catch (const DataError& error) {
    if (!options_.skip_broken)
      throw DataError(fmt::format(
          "{}; replace or remove it, or say --image.broken skip to leave such files out", error.what()));
    broken = true;
    return false;
  }
}

template <class Read>
std::vector<bool> FolderTask::read_all(const Place& place, std::span<const int64_t> samples, Batch& batch,
                                       const Read& read) const {
  const auto pixels = static_cast<size_t>(3 * options_.reader.size * options_.reader.size);
  std::vector<bool> whole(samples.size());
  for (size_t i = 0; i < samples.size(); ++i) {
    const std::span<float> output(batch.inputs.data_ptr<float>() + i * pixels, pixels);
    whole[i] = read_one(place, samples[i], [&] { read(samples[i], output); });
  }
  if (!samples.empty() && std::none_of(whole.begin(), whole.end(), [](bool one) { return one; }))
    throw DataError(fmt::format("none of the {} images of a batch can be decoded, the first is '{}'",
                                samples.size(), place.folder.path_of(samples[0])));
  return whole;
}

Batch FolderTask::train_batch(std::span<const int64_t> samples, int64_t epoch) const {
  const ImageFolder& folder = folders_.train;
  Batch batch = empty_batch(folder, samples);
  ImageReader reader(options_.reader);
  const auto whole = read_all({folder, broken_train_}, samples, batch, [&](int64_t sample, auto output) {
    const RandomKey key{options_.training.seed, Purpose::augmentation, static_cast<uint64_t>(epoch),
                        static_cast<uint64_t>(sample)};
    reader.read_for_training(folder.path_of(sample), RandomStream(key), output);
  });
  const std::vector<size_t> next = next_whole(whole);
  for (size_t i = 0; i < next.size(); ++i) {
    if (next[i] == i) continue;
    const auto to = static_cast<int64_t>(i), from = static_cast<int64_t>(next[i]);
    batch.inputs.select(0, to).copy_(batch.inputs.select(0, from));
    batch.targets.select(0, to).copy_(batch.targets.select(0, from));
  }
  disturb_labels(batch, samples, options_.model.classes, options_.label_noise, options_.training.seed, epoch);
  if (!samples.empty())
    mix_up(batch, options_.model.classes, options_.mixup, options_.training.seed, epoch, samples[0]);
  return batch;
}

Batch FolderTask::test_batch(int64_t first, int64_t count) const {
  const ImageFolder& folder = folders_.test;
  std::vector<int64_t> samples(static_cast<size_t>(count));
  std::iota(samples.begin(), samples.end(), first);
  Batch batch = empty_batch(folder, samples);
  ImageReader reader(options_.reader);
  const auto whole = read_all({folder, broken_test_}, samples, batch, [&](int64_t sample, auto output) {
    reader.read_for_testing(folder.path_of(sample), output);
  });
  std::vector<int64_t> kept;
  for (size_t i = 0; i < whole.size(); ++i)
    if (whole[i]) kept.push_back(static_cast<int64_t>(i));
  if (kept.size() == whole.size()) return batch;
  const at::Tensor rows = at::tensor(kept, at::kLong);
  return {batch.inputs.index_select(0, rows), batch.targets.index_select(0, rows)};
}

int64_t FolderTask::skipped_samples() const {
  return std::count(broken_train_.begin(), broken_train_.end(), true) +
         std::count(broken_test_.begin(), broken_test_.end(), true);
}

std::vector<std::string> FolderTask::skipped_files() const {
  std::vector<std::string> names;
  const auto append = [&](const ImageFolder& folder, const Marks& broken) {
    for (size_t i = 0; i < broken.size(); ++i)
      if (broken[i]) names.push_back(folder.path_of(static_cast<int64_t>(i)));
  };
  append(folders_.train, broken_train_);
  append(folders_.test, broken_test_);
  return names;
}

}  // namespace muster
