#include "muster/app/engine/build_task.h"

#include <map>
#include <string>
#include <utility>

#include "muster/base/error.h"
#include "muster/task/cifar.h"
#include "muster/task/generated_images.h"
#include "muster/task/image_task.h"
#include "muster/task/samplers.h"

namespace muster {

namespace {

/// The meaning of a word that the table of keys has already let through.
template <class T>
T meaning_of(const std::map<std::string, T>& words, const std::string& word) {
  const auto found = words.find(word);
  invariant(found != words.end(), "the table of keys allows a word that nobody knows");
  return found->second;
}

ImageTaskOptions image_options(const TaskSection& task, const NnOptions& training) {
  ImageTaskOptions options;
  options.model.network = meaning_of<ImageNetwork>({{"mlp", ImageNetwork::mlp},
                                                    {"resnet8", ImageNetwork::resnet8},
                                                    {"resnet20", ImageNetwork::resnet20},
                                                    {"resnet56", ImageNetwork::resnet56}},
                                                   task.model);
  options.model.norm =
      meaning_of<NormKind>({{"batch", NormKind::batch}, {"group", NormKind::group}}, task.norm);
  options.model.hidden = task.hidden;
  options.augmentation.enabled = task.augment;
  options.training = training;
  return options;
}

GeneratedImagesOptions generated_options(const TaskSection& task, uint64_t seed) {
  GeneratedImagesOptions options;
  options.classes = task.classes;
  if (task.samples) options.train = *task.samples;
  if (task.test_samples) options.test = *task.test_samples;
  options.seed = seed;
  return options;
}

/// The first `limit` images, where a limit is given.
void keep_first(Images& images, std::optional<int64_t> limit, const char* key) {
  if (!limit) return;
  if (*limit > images.size())
    throw OptionError(key, std::to_string(*limit),
                      "the data hold only " + std::to_string(images.size()) + " images");
  images.labels.resize(static_cast<size_t>(*limit));
  images.pixels.resize(static_cast<size_t>(*limit * images.pixels_per_image()));
}

ImageSets read_images(const TaskSection& task, uint64_t seed) {
  if (task.name == "generated") return generate_images(generated_options(task, seed));
  invariant(task.name == "cifar10" && task.data.has_value(), "an unresolved task");
  ImageSets images = load_cifar(*task.data);
  keep_first(images.train, task.samples, "task.samples");
  keep_first(images.test, task.test_samples, "task.test_samples");
  return images;
}

}  // namespace

NnOptions nn_options(const Configuration& configuration) {
  return {.seed = static_cast<uint64_t>(configuration.run.seed),
          .bf16 = configuration.run.precision == "bf16",
          .micro_batches = configuration.run.micro_batches,
          .label_smoothing = configuration.task.label_smoothing};
}

std::unique_ptr<Task> build_task(const Configuration& configuration) {
  const NnOptions training = nn_options(configuration);
  const ImageTaskOptions options = image_options(configuration.task, training);
  return std::make_unique<ImageTask>(configuration.task.name, read_images(configuration.task, training.seed),
                                     options);
}

std::unique_ptr<Sampler> build_sampler(const TaskSection& task, int64_t training_samples, int64_t workers,
                                       uint64_t seed) {
  const SamplerOptions options{
      .samples = training_samples, .workers = workers, .batch = task.batch, .seed = seed};
  using Make = std::unique_ptr<Sampler> (*)(const SamplerOptions&);
  const std::map<std::string, Make> makers = {
      {"permutation",
       [](const auto& o) -> std::unique_ptr<Sampler> { return std::make_unique<PermutationSampler>(o); }},
      {"replacement",
       [](const auto& o) -> std::unique_ptr<Sampler> { return std::make_unique<ReplacementSampler>(o); }},
      {"shard", [](const auto& o) -> std::unique_ptr<Sampler> { return std::make_unique<ShardSampler>(o); }}};
  return meaning_of(makers, task.sampler)(options);
}

}  // namespace muster
