#include "muster/app/keys.h"
#include "muster/app/model_names.h"

namespace muster {

namespace {

template <class T>
Key task(const char* name, T TaskSection::*member) {
  return make_key(std::string("task.") + name, &Configuration::task, member);
}

std::vector<Key> data_and_batch() {
  return {
      task("name", &TaskSection::name)
          .says(
              "The data: images made by a formula, or CIFAR's binary files, or a folder of images by class; "
              "Gaussian clusters; text made by a Markov chain, a text file, or a binary file of tokens.")
          .one_of({"generated", "cifar10", "folder", "clusters", "markov", "text", "tokens"}),
      task("data", &TaskSection::data)
          .says("Path of the data: a folder (cifar10: data_batch_*.bin and test_batch.bin; folder: train/ "
                "and "
                "val/ with a folder for each class), or a file (text, tokens).")
          .absent("none; all but generated, clusters and markov need it"),
      task("test_data", &TaskSection::test_data)
          .says("File or folder to measure on, if it is not in task.data.")
          .absent("folder: val/ or test/ next to train/; text and tokens: the end of task.data"),
      task("model", &TaskSection::model)
          .says("The network; muster models lists them with their parameters.")
          .absent("resnet8, mlp for clusters, and gpt for text")
          .one_of(model_names()),
      task("batch", &TaskSection::batch)
          .says("Samples that each worker takes in a step.")
          .in("samples per worker")
          .at_least(1)
          .at_most(1e6),
  };
}

std::vector<Key> network_and_order() {
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
      task("sampler", &TaskSection::sampler)
          .says("How samples reach the workers: one permutation per epoch dealt to all, drawn with "
                "replacement, or each worker from its own part of the data: random (shard), by class, by "
                "class in Dirichlet proportions, or by document.")
          .one_of({"permutation", "replacement", "shard", "by_class", "dirichlet", "by_document"}),
      task("dirichlet_alpha", &TaskSection::dirichlet_alpha)
          .says("Sampler dirichlet: with a small number every worker has few classes, with a large one all "
                "have nearly the same mixture.")
          .above(0)
          .at_most(1e6),
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
          .says("Seed of generated data (generated, clusters, markov): runs with the same one have the same "
                "data, whatever their run.seed.")
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

std::vector<Key> task_keys() {
  std::vector<Key> keys = data_and_batch();
  for (const Key& key : network_and_order()) keys.push_back(key);
  return keys;
}

}  // namespace muster
