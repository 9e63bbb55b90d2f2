#include <fmt/format.h>

#include "muster/app/keys/catalogue.h"
#include "muster/app/keys/keys.h"

namespace muster::inline app {

namespace {

template <class T>
Key task(const char* name, T TaskSection::*member) {
  return make_key(std::string("task.") + name, &Configuration::task, member);
}

/// "resnet8, mlp for clusters, gpt for markov, text, tokens": the usual model of each kind of data.
std::string usual_models(const Family<TaskKind>& tasks) {
  const std::string& usual = tasks.at("").model;
  std::string text = usual, before = usual;
  for (const TaskKind& kind : tasks.all()) {
    if (kind.model == usual) continue;
    text += kind.model == before ? ", " + kind.name : fmt::format(", {} for {}", kind.model, kind.name);
    before = kind.model;
  }
  return text;
}

Key model_key(const Kinds& kinds) {
  Field model = kinds.models.choice();
  model.when_absent = usual_models(kinds.tasks);
  return choice_key(kinds.models.text(), std::move(model), &Configuration::task, &TaskSection::model);
}

std::string made_tasks(const Family<TaskKind>& tasks, const char* last) {
  const std::vector<std::string> made = tasks.words_where([](const TaskKind& kind) { return kind.made; });
  std::string text;
  for (size_t i = 0; i < made.size(); ++i)
    text += (i == 0 ? "" : i + 1 == made.size() ? last : ", ") + made[i];
  return text;
}

std::vector<Key> data_and_batch(const Kinds& kinds) {
  return {
      choice_key(kinds.tasks.text(), kinds.tasks.choice(), &Configuration::task, &TaskSection::name),
      task("data", &TaskSection::data)
          .says("Path of the data: a folder (cifar10: data_batch_*.bin and test_batch.bin; folder: train/ "
                "and "
                "val/ with a folder for each class), or a file (text, tokens).")
          .absent(fmt::format("none; all but {} need it", made_tasks(kinds.tasks, " and "))),
      task("test_data", &TaskSection::test_data)
          .says("File or folder to measure on, if it is not in task.data.")
          .absent("folder: val/ or test/ next to train/; text and tokens: the end of task.data"),
      model_key(kinds),
      task("batch", &TaskSection::batch)
          .says("Samples that each worker takes in a step.")
          .in("samples per worker")
          .at_least(1)
          .at_most(1e6),
  };
}

std::vector<Key> network_and_labels() {
  return {
      task("norm", &TaskSection::norm)
          .says("Normalisation in the ResNets: BatchNorm, or GroupNorm with 8 groups.")
          .one_of({"batch", "group"}),
      task("augment", &TaskSection::augment)
          .says("Shift (pad by 4, crop; folder: crop and resize) and mirror training images at random."),
      task("label_smoothing", &TaskSection::label_smoothing)
          .says("Share of the target that is spread evenly over all classes, in training.")
          .at_least(0)
          .below(1),
      task("label_noise", &TaskSection::label_noise)
          .says("Probability that a training image gets a wrong label, each of the others with equal "
                "probability, drawn again each time it is used.")
          .at_least(0)
          .at_most(1),
  };
}

std::vector<Key> amounts(const Kinds& kinds) {
  return {
      task("samples", &TaskSection::samples)
          .says("Training samples to use (generated, clusters: to make).")
          .in("samples")
          .absent("5000 generated ones, 4096 of clusters; all of cifar10")
          .at_least(1)
          .at_most(1e8),
      task("test_samples", &TaskSection::test_samples)
          .says("Test samples to use (generated, clusters: to make).")
          .in("samples")
          .absent("1000 generated ones, 4096 of clusters; all of cifar10")
          .at_least(1)
          .at_most(1e8),
      task("data_seed", &TaskSection::data_seed)
          .says(
              fmt::format("Seed of generated data ({}): runs with the same one have the same data, whatever "
                          "their run.seed.",
                          made_tasks(kinds.tasks, ", ")))
          .absent("run.seed; muster compare: the first seed, for all of its runs")
          .at_least(0),
      task("classes", &TaskSection::classes)
          .says("Number of classes. Images in files have as many as they have; a number given must be "
                "theirs (100: "
                "the fine labels of CIFAR-100's files).")
          .at_least(2)
          .at_most(1000),
      task("hidden", &TaskSection::hidden)
          .says("Widths of the hidden layers of the mlp.")
          .in("units")
          .at_least(1)
          .at_most(1e6),
  };
}

}  // namespace

std::vector<Key> clusters_keys() {
  const auto clusters = [](const char* name, auto member) {
    return make_key(std::string("clusters.") + name, &Configuration::clusters, member);
  };
  return {
      clusters("dimension", &ClustersSection::dimension)
          .says("Numbers in a sample.")
          .at_least(1)
          .at_most(1e6),
      clusters("per_class", &ClustersSection::per_class)
          .says("Clusters of each class.")
          .at_least(1)
          .at_most(1e5),
      clusters("noise", &ClustersSection::noise)
          .says("Standard deviation of every number around the cluster's centre, which has length 1.")
          .at_least(0),
  };
}

std::vector<Key> task_keys(const Kinds& kinds) {
  std::vector<Key> keys = data_and_batch(kinds);
  for (Key& key : network_and_labels()) keys.push_back(std::move(key));
  for (Key& key : keys_of_family(kinds.samplers, &Configuration::task, &TaskSection::sampler,
                                 &TaskSection::sampler_values))
    keys.push_back(std::move(key));
  for (Key& key : amounts(kinds)) keys.push_back(std::move(key));
  return keys;
}

}  // namespace muster::inline app
