#include "muster/task/images/image_task.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <numeric>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/task/images/data_digest.h"
#include "muster/task/images/label_noise.h"
#include "muster/task/images/mixup.h"

namespace muster::inline task {

namespace {

Batch empty_batch(const Images& images, std::span<const int64_t> samples) {
  const auto count = static_cast<int64_t>(samples.size());
  Batch batch{at::empty({count, images.channels, images.height, images.width}, at::kFloat),
              at::empty({count}, at::kLong)};
  int64_t* const targets = batch.targets.data_ptr<int64_t>();
  for (int64_t i = 0; i < count; ++i) {
    const int64_t sample = samples[static_cast<size_t>(i)];
    invariant(sample >= 0 && sample < images.size(), "a sample index lies outside the data");
    targets[i] = images.labels[static_cast<size_t>(sample)];
  }
  return batch;
}

std::span<float> floats_of(const Batch& batch) {
  return {batch.inputs.data_ptr<float>(), static_cast<size_t>(batch.inputs.numel())};
}

}  // namespace

void ImageTaskOptions::validate() const {
  model.validate();
  augmentation.validate();
  validate_label_noise(label_noise);
  validate_mixup(mixup);
  training.validate();
}

ImageTask::ImageTask(std::string name, ImageSets images, const ImageTaskOptions& options)
    : name_(std::move(name)), images_(std::move(images)), options_(options) {
  const Images& train = images_.train;
  const Images& test = images_.test;
  if (train.size() == 0 || test.size() == 0)
    throw DataError("task '" + name_ + "' has no training or no test images");
  if (train.classes != test.classes || train.pixels_per_image() != test.pixels_per_image())
    throw DataError("task '" + name_ + "': training and test images differ in classes or size");
  options_.model.classes = train.classes;
  options_.model.channels = train.channels;
  options_.model.height = train.height;
  options_.model.width = train.width;
  options_.validate();
}

std::unique_ptr<Model> ImageTask::make_model() const {
  return make_image_model(options_.model, options_.training);
}

Batch ImageTask::train_batch(std::span<const int64_t> samples, int64_t epoch) const {
  Batch batch = empty_batch(images_.train, samples);
  augment(images_.train, samples, options_.augmentation, options_.training.seed, epoch, floats_of(batch));
  disturb_labels(batch, samples, options_.model.classes, options_.label_noise, options_.training.seed, epoch);
  if (!samples.empty())
    mix_up(batch, options_.model.classes, options_.mixup, options_.training.seed, epoch, samples[0]);
  return batch;
}

Batch ImageTask::test_batch(int64_t first, int64_t count) const {
  std::vector<int64_t> samples(static_cast<size_t>(count));
  std::iota(samples.begin(), samples.end(), first);
  Batch batch = empty_batch(images_.test, samples);
  scale_only(images_.test, samples, options_.augmentation, floats_of(batch));
  return batch;
}

std::map<std::string, std::string> ImageTask::content() const {
  if (images_.train.source.empty()) return {};  // made from the configuration
  return {{"training", digest_of(images_.train)}, {"test", digest_of(images_.test)}};
}

std::vector<std::string> ImageTask::introduction() const {
  const auto line = [](const Images& images, const char* use) {
    return fmt::format("{} images: {} in {} classes{}", use, format_count(images.size()), images.classes,
                       images.source.empty() ? ", made by a formula" : " of " + images.source);
  };
  return {line(images_.train, "training"), line(images_.test, "test")};
}

int64_t ImageTask::activation_bytes(int64_t batch) const {
  return muster::activation_bytes(options_.model, batch);
}

}  // namespace muster::inline task
