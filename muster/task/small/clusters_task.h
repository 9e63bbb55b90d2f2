#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/task/models/nn_model.h"
#include "muster/task/task.h"

namespace muster::inline task {

/// Gaussian clusters: the toy problem of Asynchronous Local-SGD (Liu et al. 2024, arXiv 2401.09135; the
/// authors' notebook). Its "small" data are 4 classes of 1 cluster in 512 dimensions, 4,096 samples; its
/// "big" ones 4 classes of 8 clusters, 128,000 samples.
struct ClustersOptions {
  int64_t dimension = 512;
  int64_t classes = 4;
  int64_t per_class = 1;  ///< clusters of a class
  double noise = 0.5;     ///< standard deviation of every coordinate around the cluster's centre
  int64_t train = 4096;
  int64_t test = 4096;
  std::vector<int64_t> hidden = {128};  ///< widths of the multilayer perceptron
  NnOptions training;
  std::optional<uint64_t> data_seed;  ///< absent: that of training
  /// Throws OptionError on clusters.*, task.classes, task.samples, task.test_samples.
  void validate() const;
};

/// Centres are drawn from the standard normal distribution and normalised to length 1; a sample is its centre
/// plus noise times a standard normal vector. Sample i belongs to cluster i modulo their number, cluster j to
/// class j / per_class. The model is the multilayer perceptron with ReLU, the loss cross entropy.
class ClustersTask final : public Task {
 public:
  /// Throws OptionError.
  explicit ClustersTask(const ClustersOptions& options);

  std::string name() const override { return "clusters"; }
  std::unique_ptr<Model> make_model() const override;
  int64_t train_size() const override { return options_.train; }
  int64_t test_size() const override { return options_.test; }
  /// Inputs: float, samples x dimension.
  Batch train_batch(std::span<const int64_t> samples, int64_t epoch) const override;
  Batch test_batch(int64_t first, int64_t count) const override;
  int64_t activation_bytes(int64_t batch) const override;
  std::vector<int64_t> train_classes() const override;

 private:
  int64_t class_of(int64_t sample) const;

  ClustersOptions options_;
  at::Tensor train_, test_;  // samples x dimension
};

}  // namespace muster::inline task
