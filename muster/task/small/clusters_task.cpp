#include "muster/task/small/clusters_task.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/task/models/mlp.h"

namespace muster::inline task {

namespace {

// What a random stream of generated data is for, in its key.
enum class Part : uint64_t { centre = 1, train = 2, test = 3 };

RandomStream stream_of(const ClustersOptions& options, Part part, int64_t number) {
  constexpr uint64_t clusters = 0x636C7573;  // apart from the other generated tasks
  return RandomStream({.seed = options.data_seed.value_or(options.training.seed),
                       .purpose = Purpose::generated_data,
                       .a = clusters + static_cast<uint64_t>(part),
                       .b = static_cast<uint64_t>(number)});
}

std::vector<std::vector<double>> draw_centres(const ClustersOptions& options) {
  std::vector<std::vector<double>> centres;
  for (int64_t cluster = 0; cluster < options.classes * options.per_class; ++cluster) {
    RandomStream stream = stream_of(options, Part::centre, cluster);
    std::vector<double> centre(static_cast<size_t>(options.dimension));
    double square = 0;
    for (double& coordinate : centre) {
      coordinate = stream.normal();
      square += coordinate * coordinate;
    }
    for (double& coordinate : centre) coordinate /= std::sqrt(square);
    centres.push_back(std::move(centre));
  }
  return centres;
}

at::Tensor draw_samples(const ClustersOptions& options, const std::vector<std::vector<double>>& centres,
                        Part part, int64_t count) {
  at::Tensor samples = at::empty({count, options.dimension}, at::kFloat);
  float* place = samples.data_ptr<float>();
  for (int64_t i = 0; i < count; ++i) {
    RandomStream stream = stream_of(options, part, i);
    for (const double coordinate : centres[static_cast<size_t>(i) % centres.size()])
      *place++ = static_cast<float>(coordinate + options.noise * stream.normal());
  }
  return samples;
}

MlpShape shape_of(const ClustersOptions& options) {
  return {.inputs = options.dimension, .hidden = options.hidden, .classes = options.classes};
}

}  // namespace

void ClustersOptions::validate() const {
  const auto at_least = [](const char* key, int64_t value, int64_t least) {
    if (value < least)
      throw OptionError(key, std::to_string(value), "must be at least " + std::to_string(least));
  };
  at_least("clusters.dimension", dimension, 1);
  at_least("clusters.per_class", per_class, 1);
  at_least("task.classes", classes, 2);
  at_least("task.samples", train, 1);
  at_least("task.test_samples", test, 1);
  if (!(noise >= 0 && std::isfinite(noise)))
    throw OptionError("clusters.noise", format_number(noise), "must be 0 or a number above it");
  training.validate();
}

ClustersTask::ClustersTask(const ClustersOptions& options) : options_(options) {
  options_.validate();
  const auto centres = draw_centres(options_);
  train_ = draw_samples(options_, centres, Part::train, options_.train);
  test_ = draw_samples(options_, centres, Part::test, options_.test);
}

int64_t ClustersTask::class_of(int64_t sample) const {
  return sample % (options_.classes * options_.per_class) / options_.per_class;
}

std::unique_ptr<Model> ClustersTask::make_model() const {
  return make_nn_model(make_mlp(shape_of(options_)), options_.training);
}

Batch ClustersTask::train_batch(std::span<const int64_t> samples, int64_t) const {
  const auto count = static_cast<int64_t>(samples.size());
  Batch batch{at::empty({count, options_.dimension}, at::kFloat), at::empty({count}, at::kLong)};
  float* place = batch.inputs.data_ptr<float>();
  const float* const all = train_.data_ptr<float>();
  for (size_t i = 0; i < samples.size(); ++i) {
    const int64_t sample = samples[i];
    invariant(sample >= 0 && sample < options_.train, "a sample index lies outside the data");
    std::copy_n(all + sample * options_.dimension, options_.dimension, place);
    place += options_.dimension;
    batch.targets.data_ptr<int64_t>()[i] = class_of(sample);
  }
  return batch;
}

Batch ClustersTask::test_batch(int64_t first, int64_t count) const {
  Batch batch{test_.narrow(0, first, count), at::empty({count}, at::kLong)};
  for (int64_t i = 0; i < count; ++i) batch.targets.data_ptr<int64_t>()[i] = class_of(first + i);
  return batch;
}

int64_t ClustersTask::activation_bytes(int64_t batch) const {
  return batch * mlp_activations(shape_of(options_)) * static_cast<int64_t>(sizeof(float));
}

std::vector<int64_t> ClustersTask::train_classes() const {
  std::vector<int64_t> classes(static_cast<size_t>(options_.train));
  for (size_t i = 0; i < classes.size(); ++i) classes[i] = class_of(static_cast<int64_t>(i));
  return classes;
}

}  // namespace muster::inline task
