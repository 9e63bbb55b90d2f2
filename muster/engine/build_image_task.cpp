#include "muster/engine/build_image_task.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

#include "muster/base/error.h"
#include "muster/engine/build_task.h"
#include "muster/engine/image_networks.h"
#include "muster/task/images/cifar.h"
#include "muster/task/images/folder_task.h"
#include "muster/task/images/generated_images.h"
#include "muster/task/images/image_task.h"

namespace muster::inline engine {

namespace {

RandAugmentOptions rand_augment_options(const ImageSection& image) {
  return {.operations = image.randaugment, .magnitude = image.randaugment_magnitude};
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

/// The data determine the number of classes; a configured number must equal it.
void require_classes(const TaskSection& task, int64_t found, const std::string& where) {
  if (task.classes == found || task.classes == TaskSection().classes) return;
  throw OptionError("task.classes", std::to_string(task.classes),
                    fmt::format("{} has {} classes; leave it out, or give other data", where, found));
}

ImageSets read_cifar(const TaskSection& task) {
  invariant(task.data.has_value(), "an unresolved task");
  ImageSets images = load_cifar(*task.data);
  require_classes(task, images.train.classes, images.train.source);
  keep_first(images.train, task.samples, "task.samples");
  keep_first(images.test, task.test_samples, "task.test_samples");
  return images;
}

std::unique_ptr<Task> task_in_memory(const TaskRequest& request, ImageSets images) {
  const Configuration& configuration = request.configuration;
  ImageTaskOptions options;
  options.model = image_model_options(request.catalogue, configuration.task, configuration.image);
  options.augmentation.enabled = configuration.task.augment;
  options.augmentation.rand_augment = rand_augment_options(configuration.image);
  options.label_noise = configuration.task.label_noise;
  options.mixup = configuration.image.mixup;
  options.training = nn_options(configuration);
  return std::make_unique<ImageTask>(configuration.task.name, std::move(images), options);
}

}  // namespace

std::unique_ptr<Task> make_generated_task(const TaskRequest& request) {
  const Configuration& configuration = request.configuration;
  return task_in_memory(request,
                        generate_images(generated_options(configuration.task, data_seed(configuration))));
}

std::unique_ptr<Task> make_cifar_task(const TaskRequest& request) {
  return task_in_memory(request, read_cifar(request.configuration.task));
}

std::unique_ptr<Task> make_folder_task(const TaskRequest& request) {
  const Configuration& configuration = request.configuration;
  const TaskSection& task = configuration.task;
  const ImageSection& image = configuration.image;
  invariant(task.data && image.size, "an unresolved task");
  FolderTaskOptions options;
  options.model = image_model_options(request.catalogue, task, image);
  options.reader = {
      .size = *image.size, .augment = task.augment, .rand_augment = rand_augment_options(image)};
  options.label_noise = task.label_noise;
  options.mixup = image.mixup;
  options.skip_broken = image.broken == "skip";
  options.training = nn_options(configuration);
  ImageFolders folders = list_image_folders(*task.data, task.test_data);
  require_classes(task, static_cast<int64_t>(folders.train.classes.size()), "'" + folders.train.path + "'");
  keep_evenly(folders.train, task.samples, "task.samples");
  keep_evenly(folders.test, task.test_samples, "task.test_samples");
  return std::make_unique<FolderTask>(std::move(folders), options);
}

}  // namespace muster::inline engine
